-- email_restorations::issue
INSERT INTO
  "users"."email_restorations" (
    "user_id",
    "token_hash",
    "email",
    "created_at",
    "expires_at",
    "keep_token_hash"
  )
VALUES ($1, $2, $3, $4, $5, $6);

-- email_restorations::by_link
SELECT
  "users"."id",
  "users"."username",
  "email_restorations"."email",
  "email_restorations"."created_at",
  "email_restorations"."expires_at",
  "users"."email"
FROM "users"."email_restorations"
INNER JOIN "users"."users" ON "users"."id" = "email_restorations"."user_id"
WHERE
  "email_restorations"."token_hash" = $1
  AND "email_restorations"."expires_at" > $2
FOR NO KEY UPDATE;

-- email_restorations::by_keep_link
SELECT
  "users"."id",
  "users"."username",
  "email_restorations"."email",
  "email_restorations"."created_at",
  "email_restorations"."expires_at",
  "users"."email"
FROM "users"."email_restorations"
INNER JOIN "users"."users" ON "users"."id" = "email_restorations"."user_id"
WHERE
  "email_restorations"."keep_token_hash" = $1
  AND "email_restorations"."expires_at" > $2
FOR NO KEY UPDATE;

-- email_restorations::delete_since
DELETE FROM "users"."email_restorations"
WHERE "user_id" = $1 AND "created_at" >= $2;

-- email_restorations::delete_until
DELETE FROM "users"."email_restorations"
WHERE "user_id" = $1 AND "created_at" <= $2;
