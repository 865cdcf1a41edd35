-- deletions::request
UPDATE "users"."users" SET
  "delete_after" = $1
WHERE "users"."id" = $2 AND "delete_after" IS NULL;

-- deletions::keep
UPDATE "users"."users" SET
  "delete_after" = $1
WHERE
  "users"."id" = $2
  AND "password_hash" = $3
  AND "delete_after" > $4
  AND "deletion_started_at" IS NULL
RETURNING "username";
