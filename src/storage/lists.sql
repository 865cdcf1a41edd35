-- lists::page, the viewer's own
WITH
"edge" AS (
  SELECT "follower_id", "created_at"
  FROM "users"."follows"
  WHERE
    "followee_id" = (
      SELECT "web_sessions"."user_id"
      FROM "users"."web_sessions"
      INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
      WHERE
        "web_sessions"."id_hash" = $1
        AND "web_sessions"."expires_at" > $2
        AND "sessions"."ended_at" IS NULL
    )
    AND (
      SELECT "web_sessions"."user_id"
      FROM "users"."web_sessions"
      INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
      WHERE
        "web_sessions"."id_hash" = $3
        AND "web_sessions"."expires_at" > $4
        AND "sessions"."ended_at" IS NULL
    ) IS NOT NULL
  ORDER BY "created_at" DESC, "follower_id" DESC
  LIMIT $5 OFFSET $6
)
SELECT
  "users"."id",
  "users"."username",
  "users"."display_name",
  "users"."avatar_url",
  "edge"."follower_id",
  "edge"."created_at",
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = (
        SELECT "web_sessions"."user_id"
        FROM "users"."web_sessions"
        INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
        WHERE
          "web_sessions"."id_hash" = $7
          AND "web_sessions"."expires_at" > $8
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
          "web_sessions"."id_hash" = $9
          AND "web_sessions"."expires_at" > $10
          AND "sessions"."ended_at" IS NULL
      )
  ) IS NOT NULL AS "followed_by"
FROM "edge"
LEFT JOIN
  "users"."users" ON "users"."id" = "edge"."follower_id"
  AND "users"."delete_after" IS NULL
ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;

-- lists::page, by number
WITH
"edge" AS (
  SELECT "follower_id", "created_at"
  FROM "users"."follows"
  WHERE
    "followee_id" = (
      SELECT "id"
      FROM "users"."users"
      WHERE (lower("users"."username" collate "C")) = $1
        AND "users"."delete_after" IS NULL
    )
    AND (
      SELECT "web_sessions"."user_id"
      FROM "users"."web_sessions"
      INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
      WHERE
        "web_sessions"."id_hash" = $2
        AND "web_sessions"."expires_at" > $3
        AND "sessions"."ended_at" IS NULL
    ) IS NOT NULL
  ORDER BY "created_at" DESC, "follower_id" DESC
  LIMIT $4 OFFSET $5
)
SELECT
  "users"."id",
  "users"."username",
  "users"."display_name",
  "users"."avatar_url",
  "edge"."follower_id",
  "edge"."created_at",
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = (
        SELECT "web_sessions"."user_id"
        FROM "users"."web_sessions"
        INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
        WHERE
          "web_sessions"."id_hash" = $6
          AND "web_sessions"."expires_at" > $7
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
          "web_sessions"."id_hash" = $8
          AND "web_sessions"."expires_at" > $9
          AND "sessions"."ended_at" IS NULL
      )
  ) IS NOT NULL AS "followed_by"
FROM "edge"
LEFT JOIN
  "users"."users" ON "users"."id" = "edge"."follower_id"
  AND "users"."delete_after" IS NULL
ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;

-- lists::page, an account
WITH
"edge" AS (
  SELECT "follower_id", "created_at"
  FROM "users"."follows"
  WHERE
    "followee_id" = (
      SELECT "id"
      FROM "users"."users"
      WHERE (lower("users"."username" collate "C")) = $1
        AND "users"."delete_after" IS NULL
    )
    AND CAST($2 AS uuid) IS NOT NULL
  ORDER BY "created_at" DESC, "follower_id" DESC
  LIMIT $3 OFFSET $4
)
SELECT
  "users"."id",
  "users"."username",
  "users"."display_name",
  "users"."avatar_url",
  "edge"."follower_id",
  "edge"."created_at",
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = CAST($5 AS uuid)
      AND "follows"."followee_id" = "users"."id"
  ) IS NOT NULL AS "following",
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = "users"."id"
      AND "follows"."followee_id" = CAST($6 AS uuid)
  ) IS NOT NULL AS "followed_by"
FROM "edge"
LEFT JOIN
  "users"."users" ON "users"."id" = "edge"."follower_id"
  AND "users"."delete_after" IS NULL
ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;

-- lists::page, by cursor
WITH
"edge" AS (
  SELECT "follower_id", "created_at"
  FROM "users"."follows"
  WHERE
    "followee_id" = (
      SELECT "id"
      FROM "users"."users"
      WHERE (lower("users"."username" collate "C")) = $1
        AND "users"."delete_after" IS NULL
    )
    AND ("created_at", "follower_id") < ($2, $3)
    AND (
      SELECT "web_sessions"."user_id"
      FROM "users"."web_sessions"
      INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
      WHERE
        "web_sessions"."id_hash" = $4
        AND "web_sessions"."expires_at" > $5
        AND "sessions"."ended_at" IS NULL
    ) IS NOT NULL
  ORDER BY "created_at" DESC, "follower_id" DESC
  LIMIT $6
)
SELECT
  "users"."id",
  "users"."username",
  "users"."display_name",
  "users"."avatar_url",
  "edge"."follower_id",
  "edge"."created_at",
  (
    SELECT "follows"."follower_id"
    FROM "users"."follows"
    WHERE
      "follows"."follower_id" = (
        SELECT "web_sessions"."user_id"
        FROM "users"."web_sessions"
        INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
        WHERE
          "web_sessions"."id_hash" = $7
          AND "web_sessions"."expires_at" > $8
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
          "web_sessions"."id_hash" = $9
          AND "web_sessions"."expires_at" > $10
          AND "sessions"."ended_at" IS NULL
      )
  ) IS NOT NULL AS "followed_by"
FROM "edge"
LEFT JOIN
  "users"."users" ON "users"."id" = "edge"."follower_id"
  AND "users"."delete_after" IS NULL
ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;
