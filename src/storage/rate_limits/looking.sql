-- rate_limits::look
WITH
"wanted" AS (
  SELECT
    CAST($1 AS bytea) AS "key",
    CAST($2 AS timestamptz) AS "first",
    CAST($3 AS timestamptz) AS "latest"
)
SELECT
  "wanted"."key",
  CAST((extract(epoch from "rate_limits"."full_at" - "wanted"."latest")) AS float8),
  EXISTS (
    SELECT "user_id"
    FROM "users"."known_devices"
    WHERE "known_devices"."key" = "wanted"."key"
      AND "known_devices"."expires_at" > $4
  )
FROM "wanted"
LEFT JOIN
  "users"."rate_limits" ON "rate_limits"."key" = "wanted"."key"
  AND "rate_limits"."full_at" > "wanted"."latest";
