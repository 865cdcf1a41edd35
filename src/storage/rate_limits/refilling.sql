-- rate_limits::give_back
WITH
"wanted" AS (
  SELECT
    CAST($1 AS bytea) AS "key",
    CAST($2 AS timestamptz) AS "first",
    CAST($3 AS timestamptz) AS "latest"
),
"found" AS (
  SELECT "key", "full_at"
  FROM "users"."rate_limits"
  WHERE "key" IN ($4)
  ORDER BY "key" ASC
  FOR UPDATE
)
UPDATE "users"."rate_limits" SET
  "full_at" = "rate_limits"."full_at" - ("wanted"."first" - CAST($5 AS timestamptz))
FROM "wanted", "found"
WHERE "rate_limits"."key" = "found"."key" AND "wanted"."key" = "found"."key";

-- rate_limits::forget
WITH
"found" AS (
  SELECT "key", "full_at"
  FROM "users"."rate_limits"
  WHERE "key" IN ($1)
  ORDER BY "key" ASC
  FOR UPDATE
)
DELETE FROM "users"."rate_limits"
WHERE "key" IN (SELECT "key" FROM "found");

-- rate_limits::delete_full
WITH
"piece" AS MATERIALIZED (
  SELECT "key"
  FROM "users"."rate_limits"
  WHERE "key" > $1
  ORDER BY "key" ASC
  LIMIT $2
),
"gone" AS (
  DELETE FROM "users"."rate_limits"
  WHERE
    "key" > $3
    AND "key" <= (SELECT "key" FROM "piece" ORDER BY "key" DESC LIMIT $4)
    AND "full_at" <= $5
  RETURNING "key"
)
SELECT "key"
FROM "piece"
ORDER BY "key" ASC
LIMIT $6 OFFSET $7;
