-- follows::insert
WITH
"followee" AS (
  SELECT "id"
  FROM "users"."users"
  WHERE "id" = $1 AND "users"."delete_after" IS NULL
),
"follower" AS (
  SELECT "id"
  FROM "users"."users"
  WHERE "id" = $2 AND "users"."delete_after" IS NULL
),
"edge" AS (
  INSERT INTO "users"."follows" ("follower_id", "followee_id", "created_at")
  SELECT "follower"."id", "followee"."id", CAST($3 AS timestamptz)
  FROM "follower", "followee"
  ON CONFLICT ("follower_id", "followee_id") DO NOTHING
  RETURNING "follower_id"
),
"free" AS (
  SELECT "slot"
  FROM "users"."follow_counts"
  WHERE "user_id" = $4 AND "slot" = $5
  FOR NO KEY UPDATE SKIP LOCKED
),
"counted" AS (
  INSERT INTO "users"."follow_counts" ("user_id", "slot", "followers", "followees")
  SELECT CAST($6 AS uuid), CAST($7 AS smallint), CAST($8 AS bigint), CAST($9 AS bigint)
  FROM "edge"
  UNION ALL
  (
    SELECT
      CAST($10 AS uuid),
      CAST(
        COALESCE(
          (SELECT "slot" FROM "free"),
          (
            SELECT (pg_backend_pid() % $11) + $12
            FROM "users"."follow_counts"
            WHERE "user_id" = $13
              AND "slot" = $14
          ),
          $15
        ) AS smallint
      ),
      CAST($16 AS bigint),
      CAST($17 AS bigint)
    FROM "edge"
  )
  ON CONFLICT ("user_id", "slot") DO UPDATE SET
    "followers" = "follow_counts"."followers" + "excluded"."followers",
    "followees" = "follow_counts"."followees" + "excluded"."followees"
  RETURNING "user_id"
)
SELECT
  EXISTS (SELECT "follower_id" FROM "edge"),
  EXISTS (SELECT "id" FROM "followee"),
  EXISTS (SELECT "id" FROM "follower");

-- follows::delete
WITH
"followee" AS (
  SELECT "id"
  FROM "users"."users"
  WHERE "id" = $1 AND "users"."delete_after" IS NULL
),
"edge" AS (
  DELETE FROM "users"."follows"
  WHERE "follower_id" = $2 AND "followee_id" = $3
  RETURNING "follower_id"
),
"free" AS (
  SELECT "slot"
  FROM "users"."follow_counts"
  WHERE "user_id" = $4 AND "slot" = $5
  FOR NO KEY UPDATE SKIP LOCKED
),
"counted" AS (
  INSERT INTO "users"."follow_counts" ("user_id", "slot", "followers", "followees")
  SELECT CAST($6 AS uuid), CAST($7 AS smallint), CAST($8 AS bigint), CAST($9 AS bigint)
  FROM "edge"
  UNION ALL
  (
    SELECT
      CAST($10 AS uuid),
      CAST(
        COALESCE(
          (SELECT "slot" FROM "free"),
          (
            SELECT (pg_backend_pid() % $11) + $12
            FROM "users"."follow_counts"
            WHERE "user_id" = $13
              AND "slot" = $14
          ),
          $15
        ) AS smallint
      ),
      CAST($16 AS bigint),
      CAST($17 AS bigint)
    FROM "edge"
  )
  ON CONFLICT ("user_id", "slot") DO UPDATE SET
    "followers" = "follow_counts"."followers" + "excluded"."followers",
    "followees" = "follow_counts"."followees" + "excluded"."followees"
  RETURNING "user_id"
)
SELECT EXISTS (SELECT "follower_id" FROM "edge"), EXISTS (SELECT "id" FROM "followee");
