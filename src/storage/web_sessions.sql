-- web_sessions::live
SELECT
  "web_sessions"."data",
  "web_sessions"."expires_at",
  "sessions"."authenticated_at"
FROM "users"."web_sessions"
INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
WHERE
  "web_sessions"."id_hash" = $1
  AND "web_sessions"."expires_at" > $2
  AND "sessions"."ended_at" IS NULL;

-- web_sessions::rename
UPDATE "users"."web_sessions" SET
  "data" = "data" || $1
WHERE "user_id" = $2;

-- web_sessions::delete
DELETE FROM "users"."web_sessions"
WHERE "id_hash" = $1;

-- web_sessions::delete_of
DELETE FROM "users"."web_sessions"
WHERE "session_id" = ANY($1);
