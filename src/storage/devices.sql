-- devices::open, an account
SELECT "id", "user_agent", "address", "created_at", "last_seen_at"
FROM "users"."sessions"
WHERE
  "user_id" = CAST($1 AS uuid)
  AND "ended_at" IS NULL
  AND "created_at" > $2
  AND EXISTS (
    SELECT *
    FROM (
      SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at"
      FROM "users"."refresh_tokens"
      WHERE "refresh_tokens"."session_id" = "sessions"."id"
      ORDER BY "created_at" DESC
      LIMIT $3
    ) AS "newest"
    WHERE (NOT "revoked")
      AND "expires_at" > $4
  )
ORDER BY "last_seen_at" DESC, "id" DESC
LIMIT $5;

-- devices::open, a session
SELECT "id", "user_agent", "address", "created_at", "last_seen_at"
FROM "users"."sessions"
WHERE
  "user_id" = (
    SELECT "web_sessions"."user_id"
    FROM "users"."web_sessions"
    INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
    WHERE
      "web_sessions"."id_hash" = $1
      AND "web_sessions"."expires_at" > $2
      AND "sessions"."ended_at" IS NULL
  )
  AND "ended_at" IS NULL
  AND "created_at" > $3
  AND EXISTS (
    SELECT *
    FROM (
      SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at"
      FROM "users"."refresh_tokens"
      WHERE "refresh_tokens"."session_id" = "sessions"."id"
      ORDER BY "created_at" DESC
      LIMIT $4
    ) AS "newest"
    WHERE (NOT "revoked")
      AND "expires_at" > $5
  )
ORDER BY "last_seen_at" DESC, "id" DESC
LIMIT $6;

-- devices::lock_own
SELECT "ended_at", "user_agent"
FROM "users"."sessions"
WHERE "id" = $1 AND "user_id" = $2
FOR UPDATE;

-- devices::ended_after
SELECT "ended_at", "id"
FROM "users"."sessions"
WHERE "ended_at" IS NOT NULL AND ("ended_at", "id") > ($1, $2)
ORDER BY "ended_at" ASC, "id" ASC
LIMIT $3;
