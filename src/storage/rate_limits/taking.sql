-- rate_limits::take
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
),
"judged" AS (
  SELECT
    "wanted"."key",
    "wanted"."first",
    "wanted"."latest",
    GREATEST("found"."full_at", CAST($5 AS timestamptz)) AS "full_at"
  FROM "wanted"
  LEFT JOIN "found" ON "found"."key" = "wanted"."key"
),
"taken" AS (
  INSERT INTO "users"."rate_limits" ("key", "full_at")
  SELECT "key", "first"
  FROM "judged"
  WHERE NOT EXISTS (SELECT "key" FROM "judged" WHERE "full_at" > "latest")
  ORDER BY "key" ASC
  ON CONFLICT ("key") DO UPDATE SET
    "full_at" = GREATEST("rate_limits"."full_at", CAST($6 AS timestamptz)) + ("excluded"."full_at" - CAST($7 AS timestamptz))
  WHERE
    GREATEST("rate_limits"."full_at", CAST($8 AS timestamptz)) <= (SELECT "wanted"."latest" FROM "wanted" WHERE "wanted"."key" = "excluded"."key")
  RETURNING "key"
)
SELECT
  (SELECT COUNT("key") FROM "taken"),
  CAST((extract(epoch from max("full_at" - "latest"))) AS float8)
FROM "judged";
