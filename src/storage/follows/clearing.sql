-- follows::delete_followers
WITH
"edge" AS (
  DELETE FROM "users"."follows"
  WHERE
    "followee_id" = $1
    AND "follower_id" IN (SELECT "follower_id" FROM "users"."follows" WHERE "followee_id" = $2 LIMIT $3)
  RETURNING "follower_id"
),
"counter" AS (
  SELECT "user_id"
  FROM "users"."follow_counts"
  WHERE "user_id" IN (SELECT "follower_id" FROM "edge") AND "slot" = $4
  ORDER BY "user_id" ASC
  FOR NO KEY UPDATE
),
"counted" AS (
  UPDATE "users"."follow_counts" SET
    "followees" = "followees" - $5
  WHERE "user_id" IN (SELECT "user_id" FROM "counter") AND "slot" = $6
  RETURNING "user_id"
)
SELECT "follower_id"
FROM "edge";

-- follows::delete_followees
WITH
"edge" AS (
  DELETE FROM "users"."follows"
  WHERE
    "follower_id" = $1
    AND "followee_id" IN (SELECT "followee_id" FROM "users"."follows" WHERE "follower_id" = $2 LIMIT $3)
  RETURNING "followee_id"
),
"counter" AS (
  SELECT "user_id"
  FROM "users"."follow_counts"
  WHERE "user_id" IN (SELECT "followee_id" FROM "edge") AND "slot" = $4
  ORDER BY "user_id" ASC
  FOR NO KEY UPDATE
),
"counted" AS (
  UPDATE "users"."follow_counts" SET
    "followers" = "followers" - $5
  WHERE "user_id" IN (SELECT "user_id" FROM "counter") AND "slot" = $6
  RETURNING "user_id"
)
SELECT "followee_id"
FROM "edge";

-- follows::forget_counts
DELETE FROM "users"."follow_counts"
WHERE "user_id" = $1;
