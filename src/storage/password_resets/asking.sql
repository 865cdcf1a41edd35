-- password_resets::request
INSERT INTO
  "users"."password_reset_requests" ("id", "email", "trace_id", "address", "device", "created_at")
VALUES ($1, $2, $3, $4, $5, $6);

-- password_resets::take_requests
WITH
"due" AS MATERIALIZED (
  SELECT "id"
  FROM "users"."password_reset_requests"
  ORDER BY "id" ASC
  LIMIT $1
  FOR UPDATE SKIP LOCKED
),
"asked" AS (
  DELETE FROM "users"."password_reset_requests"
  WHERE "id" IN (SELECT "id" FROM "due")
  RETURNING *
),
"wanted" AS (
  SELECT
    "asked".*,
    "users"."id" AS "user_id",
    (CASE WHEN ("users"."email_verified") THEN "asked"."id" ELSE "users"."id" END) AS "mail_id"
  FROM "asked"
  INNER JOIN
    "users"."users" ON (lower("users"."email" collate "C")) = (lower("asked"."email" collate "C"))
),
"owed" AS (
  INSERT INTO
    "users"."outbox" ("id", "user_id", "kind", "trace_id", "created_at", "next_attempt_at")
  SELECT
    "wanted"."mail_id",
    "wanted"."user_id",
    CAST($2 AS text),
    "wanted"."trace_id",
    "wanted"."created_at",
    CURRENT_TIMESTAMP
  FROM "wanted"
  ON CONFLICT DO NOTHING
  RETURNING "id"
)
INSERT INTO
  "users"."audit_log" ("id", "user_id", "event", "trace_id", "created_at", "address", "device")
SELECT
  "wanted"."id",
  "wanted"."user_id",
  CAST($3 AS text),
  "wanted"."trace_id",
  "wanted"."created_at",
  "wanted"."address",
  "wanted"."device"
FROM "wanted"
INNER JOIN "owed" ON "wanted"."mail_id" = "owed"."id";
