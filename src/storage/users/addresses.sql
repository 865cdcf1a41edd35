-- users::correct_email
UPDATE "users"."users" SET
  "email" = $1, "updated_at" = $2
WHERE "id" = $3 AND (NOT "email_verified");

-- users::set_email
UPDATE "users"."users" SET
  "email" = $1, "email_verified" = $2, "updated_at" = $3
WHERE "id" = $4;

-- users::email_of_another
SELECT "id"
FROM "users"."users"
WHERE (lower("users"."email" collate "C")) = $1 AND "id" <> $2 AND "email_verified";

-- users::mark_verified
UPDATE "users"."users" SET
  "email_verified" = $1, "updated_at" = $2
WHERE "id" = $3;

-- users::unverified
SELECT "id"
FROM "users"."users"
WHERE (lower("users"."email" collate "C")) = $1 AND (NOT "email_verified")
FOR UPDATE;

-- users::by_link
SELECT
  "users"."id",
  "users"."username",
  "users"."email_verified",
  "email_verifications"."expires_at",
  "email_verifications"."used_at",
  "users"."email"
FROM "users"."users"
INNER JOIN
  "users"."email_verifications" ON "email_verifications"."user_id" = "users"."id"
WHERE
  "email_verifications"."token_hash" = $1
  AND (
    "email_verifications"."used_at" IS NOT NULL
    OR "email_verifications"."email" IS NULL
    OR "email_verifications"."email" = "users"."email"
  )
FOR UPDATE;
