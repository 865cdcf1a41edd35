-- deletions::claim
WITH
"due" AS MATERIALIZED (
  SELECT "id"
  FROM "users"."users"
  WHERE "delete_after" <= $1
  ORDER BY "delete_after" ASC
  LIMIT $2
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE "users"."users" SET
  "deletion_started_at" = COALESCE("users"."deletion_started_at", $3)
FROM "due"
WHERE "users"."id" = "due"."id"
RETURNING "users"."id", "users"."username";

-- deletions::postpone
UPDATE "users"."users" SET
  "delete_after" = $1,
  "deletion_started_at" = COALESCE("users"."deletion_started_at", $2)
WHERE "users"."id" = $3 AND "delete_after" <= $4;
