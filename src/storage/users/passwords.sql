-- users::credentials
SELECT
  "id",
  "username",
  "email",
  "password_hash",
  "email_verified",
  "roles",
  "delete_after"
FROM "users"."users"
WHERE (lower("users"."email" collate "C")) = $1;

-- users::credentials_of
SELECT
  "id",
  "username",
  "email",
  "password_hash",
  "email_verified",
  "roles",
  "delete_after"
FROM "users"."users"
WHERE "id" = $1;

-- users::replace_password_hash
UPDATE "users"."users" SET
  "password_hash" = $1, "updated_at" = $2
WHERE "id" = $3 AND "password_hash" = $4;

-- users::reset_password
UPDATE "users"."users" SET
  "password_hash" = $1, "email_verified" = $2, "updated_at" = $3
WHERE "id" = $4;
