-- profiles::by_ids
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."display_name",
  "users"."bio",
  "users"."avatar_url",
  "users"."created_at",
  (
    SELECT COALESCE(CAST(SUM("followers") AS bigint), $1)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  (
    SELECT COALESCE(CAST(SUM("followees") AS bigint), $2)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  "users"."delete_after" IS NULL
FROM "users"."users"
WHERE "users"."id" = ANY($3);

-- profiles::by_id
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."display_name",
  "users"."bio",
  "users"."avatar_url",
  "users"."created_at",
  (
    SELECT COALESCE(CAST(SUM("followers") AS bigint), $1)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  (
    SELECT COALESCE(CAST(SUM("followees") AS bigint), $2)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  "users"."delete_after" IS NULL
FROM "users"."users"
WHERE "users"."id" = $3;

-- profiles::by_id, a session
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."display_name",
  "users"."bio",
  "users"."avatar_url",
  "users"."created_at",
  (
    SELECT COALESCE(CAST(SUM("followers") AS bigint), $1)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  (
    SELECT COALESCE(CAST(SUM("followees") AS bigint), $2)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  "users"."delete_after" IS NULL
FROM "users"."users"
WHERE
  "users"."id" = (
    SELECT "web_sessions"."user_id"
    FROM "users"."web_sessions"
    INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
    WHERE
      "web_sessions"."id_hash" = $3
      AND "web_sessions"."expires_at" > $4
      AND "sessions"."ended_at" IS NULL
  );

-- profiles::by_username
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."display_name",
  "users"."bio",
  "users"."avatar_url",
  "users"."created_at",
  (
    SELECT COALESCE(CAST(SUM("followers") AS bigint), $1)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  (
    SELECT COALESCE(CAST(SUM("followees") AS bigint), $2)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  "users"."delete_after" IS NULL
FROM "users"."users"
WHERE (lower("users"."username" collate "C")) = $3 AND "users"."delete_after" IS NULL;

-- profiles::seen_by, a session
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."display_name",
  "users"."bio",
  "users"."avatar_url",
  "users"."created_at",
  (
    SELECT COALESCE(CAST(SUM("followers") AS bigint), $1)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  (
    SELECT COALESCE(CAST(SUM("followees") AS bigint), $2)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  "users"."delete_after" IS NULL,
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = (
        SELECT "web_sessions"."user_id"
        FROM "users"."web_sessions"
        INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
        WHERE
          "web_sessions"."id_hash" = $3
          AND "web_sessions"."expires_at" > $4
          AND "sessions"."ended_at" IS NULL
      )
      AND "follows"."followee_id" = "users"."id"
  ) IS NOT NULL AS "following",
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = "users"."id"
      AND "follows"."followee_id" = (
        SELECT "web_sessions"."user_id"
        FROM "users"."web_sessions"
        INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
        WHERE
          "web_sessions"."id_hash" = $5
          AND "web_sessions"."expires_at" > $6
          AND "sessions"."ended_at" IS NULL
      )
  ) IS NOT NULL AS "followed_by"
FROM "users"."users"
WHERE (lower("users"."username" collate "C")) = $7 AND "users"."delete_after" IS NULL;

-- profiles::seen_by, an account
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."display_name",
  "users"."bio",
  "users"."avatar_url",
  "users"."created_at",
  (
    SELECT COALESCE(CAST(SUM("followers") AS bigint), $1)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  (
    SELECT COALESCE(CAST(SUM("followees") AS bigint), $2)
    FROM "users"."follow_counts"
    WHERE "follow_counts"."user_id" = "users"."id"
  ),
  "users"."delete_after" IS NULL,
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = CAST($3 AS uuid)
      AND "follows"."followee_id" = "users"."id"
  ) IS NOT NULL AS "following",
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = "users"."id"
      AND "follows"."followee_id" = CAST($4 AS uuid)
  ) IS NOT NULL AS "followed_by"
FROM "users"."users"
WHERE (lower("users"."username" collate "C")) = $5 AND "users"."delete_after" IS NULL;

-- profiles::update
UPDATE "users"."users" SET
  "updated_at" = $1, "display_name" = $2, "bio" = $3, "avatar_url" = $4
WHERE "id" = $5 AND "users"."delete_after" IS NULL;
