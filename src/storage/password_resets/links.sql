-- password_resets::issue
INSERT INTO
  "users"."password_resets" (
    "token_hash",
    "user_id",
    "email",
    "password_digest",
    "expires_at",
    "created_at"
  )
SELECT
  CAST($1 AS bytea),
  "users"."id",
  "users"."email",
  sha256(convert_to("users"."password_hash", $2)),
  CAST($3 AS timestamptz),
  CAST($4 AS timestamptz)
FROM "users"."users"
WHERE "users"."id" = $5 AND "users"."email" = $6
ON CONFLICT ("user_id", "token_hash") DO UPDATE SET
  "expires_at" = "excluded"."expires_at"
WHERE
  "password_resets"."used_at" IS NULL
  AND "password_resets"."email" = "excluded"."email"
  AND "password_resets"."password_digest" = "excluded"."password_digest";

-- password_resets::linked
SELECT "users"."id", "users"."username", "users"."email"
FROM "users"."users"
INNER JOIN "users"."password_resets" ON "password_resets"."user_id" = "users"."id"
WHERE
  "password_resets"."token_hash" = $1
  AND "password_resets"."used_at" IS NULL
  AND "password_resets"."expires_at" > $2
  AND "password_resets"."email" = "users"."email"
  AND "password_resets"."password_digest" = sha256(convert_to("users"."password_hash", $3))
FOR NO KEY UPDATE;

-- password_resets::mark_used
UPDATE "users"."password_resets" SET
  "used_at" = $1
WHERE "token_hash" = $2;
