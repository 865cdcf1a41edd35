-- history::read, an account
SELECT "id", "event", "created_at", "device", "address", "detail"
FROM "users"."audit_log"
WHERE "user_id" = CAST($1 AS uuid) AND "created_at" > $2 AND "id" < $3
ORDER BY "id" DESC
LIMIT $4;

-- history::read, a session
SELECT "id", "event", "created_at", "device", "address", "detail"
FROM "users"."audit_log"
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
  AND "created_at" > $3
  AND "id" < $4
ORDER BY "id" DESC
LIMIT $5;

-- history::read, a session's newest
SELECT "id", "event", "created_at", "device", "address", "detail"
FROM "users"."audit_log"
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
  AND "created_at" > $3
ORDER BY "id" DESC
LIMIT $4;
