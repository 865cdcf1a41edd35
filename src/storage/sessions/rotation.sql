-- sessions::rotate
WITH
"live" AS (
  SELECT "sessions"."id"
  FROM "users"."sessions"
  INNER JOIN "users"."refresh_tokens" ON "refresh_tokens"."session_id" = "sessions"."id"
  WHERE
    "refresh_tokens"."token_hash" = $1
    AND (NOT "refresh_tokens"."revoked")
    AND "sessions"."ended_at" IS NULL
    AND "sessions"."created_at" > $2
  FOR NO KEY UPDATE OF "sessions"
),
"spent" AS (
  UPDATE "users"."refresh_tokens" SET
    "revoked" = $3, "rotated_at" = $4, "sealed_successor" = $5
  FROM "live"
  WHERE
    "refresh_tokens"."session_id" = "live"."id"
    AND "refresh_tokens"."token_hash" = $6
    AND (NOT "refresh_tokens"."revoked")
    AND "refresh_tokens"."expires_at" > $7
  RETURNING "refresh_tokens"."user_id", "refresh_tokens"."session_id"
),
"fresh" AS (
  INSERT INTO
    "users"."refresh_tokens" (
      "token_hash",
      "user_id",
      "session_id",
      "expires_at",
      "created_at",
      "generation"
    )
  SELECT
    CAST($8 AS bytea),
    "user_id",
    "session_id",
    CAST($9 AS timestamptz),
    CAST($10 AS timestamptz),
    CAST($11 AS integer)
  FROM "spent"
  RETURNING "user_id", "session_id"
),
"seen" AS (
  UPDATE "users"."sessions" SET
    "last_seen_at" = $12, "address" = $13, "user_agent" = $14
  FROM "spent"
  WHERE "sessions"."id" = "spent"."session_id"
)
SELECT "fresh"."session_id", "users"."id", "users"."email", "users"."roles"
FROM "fresh"
INNER JOIN "users"."users" ON "users"."id" = "fresh"."user_id";

-- sessions::rotate, forgetting
WITH
"live" AS (
  SELECT "sessions"."id"
  FROM "users"."sessions"
  INNER JOIN "users"."refresh_tokens" ON "refresh_tokens"."session_id" = "sessions"."id"
  WHERE
    "refresh_tokens"."token_hash" = $1
    AND (NOT "refresh_tokens"."revoked")
    AND "sessions"."ended_at" IS NULL
    AND "sessions"."created_at" > $2
  FOR NO KEY UPDATE OF "sessions"
),
"spent" AS (
  UPDATE "users"."refresh_tokens" SET
    "revoked" = $3, "rotated_at" = $4, "sealed_successor" = $5
  FROM "live"
  WHERE
    "refresh_tokens"."session_id" = "live"."id"
    AND "refresh_tokens"."token_hash" = $6
    AND (NOT "refresh_tokens"."revoked")
    AND "refresh_tokens"."expires_at" > $7
  RETURNING "refresh_tokens"."user_id", "refresh_tokens"."session_id"
),
"fresh" AS (
  INSERT INTO
    "users"."refresh_tokens" (
      "token_hash",
      "user_id",
      "session_id",
      "expires_at",
      "created_at",
      "generation"
    )
  SELECT
    CAST($8 AS bytea),
    "user_id",
    "session_id",
    CAST($9 AS timestamptz),
    CAST($10 AS timestamptz),
    CAST($11 AS integer)
  FROM "spent"
  RETURNING "user_id", "session_id"
),
"seen" AS (
  UPDATE "users"."sessions" SET
    "last_seen_at" = $12, "address" = $13, "user_agent" = $14
  FROM "spent"
  WHERE "sessions"."id" = "spent"."session_id"
),
"beyond" AS MATERIALIZED (
  SELECT "token_hash"
  FROM "users"."refresh_tokens"
  WHERE "session_id" = (SELECT "session_id" FROM "spent") AND "rotated_at" <= $15
  ORDER BY "created_at" DESC
  LIMIT $16 OFFSET $17
),
"forgotten" AS (
  DELETE FROM "users"."refresh_tokens"
  WHERE "token_hash" IN (SELECT "token_hash" FROM "beyond")
)
SELECT "fresh"."session_id", "users"."id", "users"."email", "users"."roles"
FROM "fresh"
INNER JOIN "users"."users" ON "users"."id" = "fresh"."user_id";
