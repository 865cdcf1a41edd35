-- suggestions::of, a session
WITH
"viewer" AS (
  SELECT (
    SELECT "web_sessions"."user_id"
    FROM "users"."web_sessions"
    INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
    WHERE
      "web_sessions"."id_hash" = $1
      AND "web_sessions"."expires_at" > $2
      AND "sessions"."ended_at" IS NULL
  ) AS "id"
),
"own" AS (
  SELECT "followee_id"
  FROM "users"."follows"
  WHERE "follower_id" = (SELECT "viewer"."id" FROM "viewer")
  ORDER BY "created_at" DESC, "followee_id" DESC
  LIMIT $3
),
"edges" AS (
  SELECT "edge"."followee_id"
  FROM "own"
  INNER JOIN
    LATERAL (
      SELECT "followee_id"
      FROM "users"."follows"
      WHERE "follower_id" = "own"."followee_id"
      ORDER BY "created_at" DESC, "followee_id" DESC
      LIMIT $4
    ) AS "edge" ON "edge"."followee_id" <> (SELECT "viewer"."id" FROM "viewer")
  LIMIT $5
),
"seen" AS (
  SELECT "followee_id", COUNT("followee_id") AS "mutuals"
  FROM "edges"
  GROUP BY "followee_id"
),
"known" AS (
  SELECT
    "users"."id",
    "users"."username",
    "users"."display_name",
    "users"."avatar_url",
    "seen"."mutuals",
    (
      SELECT "follows"."follower_id"
      FROM "users"."follows"
      WHERE
        "follows"."follower_id" = "users"."id"
        AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")
    ) IS NOT NULL AS "follows_viewer"
  FROM "users"."users"
  INNER JOIN "seen" ON "seen"."followee_id" = "users"."id"
  WHERE
    "users"."id" <> (SELECT "viewer"."id" FROM "viewer")
    AND "users"."email_verified"
    AND "users"."delete_after" IS NULL
    AND (
      NOT (
        SELECT "follows"."follower_id"
        FROM "users"."follows"
        WHERE
          "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer")
          AND "follows"."followee_id" = "users"."id"
      ) IS NOT NULL
    )
  ORDER BY "seen"."mutuals" DESC, "users"."id" DESC
  LIMIT $6
)
SELECT "known".*
FROM "known"
UNION ALL
(
  SELECT
    "users"."id",
    "users"."username",
    "users"."display_name",
    "users"."avatar_url",
    CAST($7 AS bigint),
    (
      SELECT "follows"."follower_id"
      FROM "users"."follows"
      WHERE
        "follows"."follower_id" = "users"."id"
        AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")
    ) IS NOT NULL
  FROM "users"."users"
  WHERE
    "users"."id" <> (SELECT "viewer"."id" FROM "viewer")
    AND "users"."email_verified"
    AND "users"."delete_after" IS NULL
    AND (
      NOT (
        SELECT "follows"."follower_id"
        FROM "users"."follows"
        WHERE
          "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer")
          AND "follows"."followee_id" = "users"."id"
      ) IS NOT NULL
    )
    AND (SELECT "viewer"."id" FROM "viewer") IS NOT NULL
    AND (SELECT COUNT("known"."id") FROM "known") < $8
  ORDER BY "users"."id" DESC
  LIMIT $9
);

-- suggestions::of, an account
WITH
"viewer" AS (SELECT CAST($1 AS uuid) AS "id"),
"own" AS (
  SELECT "followee_id"
  FROM "users"."follows"
  WHERE "follower_id" = (SELECT "viewer"."id" FROM "viewer")
  ORDER BY "created_at" DESC, "followee_id" DESC
  LIMIT $2
),
"edges" AS (
  SELECT "edge"."followee_id"
  FROM "own"
  INNER JOIN
    LATERAL (
      SELECT "followee_id"
      FROM "users"."follows"
      WHERE "follower_id" = "own"."followee_id"
      ORDER BY "created_at" DESC, "followee_id" DESC
      LIMIT $3
    ) AS "edge" ON "edge"."followee_id" <> (SELECT "viewer"."id" FROM "viewer")
  LIMIT $4
),
"seen" AS (
  SELECT "followee_id", COUNT("followee_id") AS "mutuals"
  FROM "edges"
  GROUP BY "followee_id"
),
"known" AS (
  SELECT
    "users"."id",
    "users"."username",
    "users"."display_name",
    "users"."avatar_url",
    "seen"."mutuals",
    (
      SELECT "follows"."follower_id"
      FROM "users"."follows"
      WHERE
        "follows"."follower_id" = "users"."id"
        AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")
    ) IS NOT NULL AS "follows_viewer"
  FROM "users"."users"
  INNER JOIN "seen" ON "seen"."followee_id" = "users"."id"
  WHERE
    "users"."id" <> (SELECT "viewer"."id" FROM "viewer")
    AND "users"."email_verified"
    AND "users"."delete_after" IS NULL
    AND (
      NOT (
        SELECT "follows"."follower_id"
        FROM "users"."follows"
        WHERE
          "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer")
          AND "follows"."followee_id" = "users"."id"
      ) IS NOT NULL
    )
  ORDER BY "seen"."mutuals" DESC, "users"."id" DESC
  LIMIT $5
)
SELECT "known".*
FROM "known"
UNION ALL
(
  SELECT
    "users"."id",
    "users"."username",
    "users"."display_name",
    "users"."avatar_url",
    CAST($6 AS bigint),
    (
      SELECT "follows"."follower_id"
      FROM "users"."follows"
      WHERE
        "follows"."follower_id" = "users"."id"
        AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")
    ) IS NOT NULL
  FROM "users"."users"
  WHERE
    "users"."id" <> (SELECT "viewer"."id" FROM "viewer")
    AND "users"."email_verified"
    AND "users"."delete_after" IS NULL
    AND (
      NOT (
        SELECT "follows"."follower_id"
        FROM "users"."follows"
        WHERE
          "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer")
          AND "follows"."followee_id" = "users"."id"
      ) IS NOT NULL
    )
    AND (SELECT "viewer"."id" FROM "viewer") IS NOT NULL
    AND (SELECT COUNT("known"."id") FROM "known") < $7
  ORDER BY "users"."id" DESC
  LIMIT $8
);
