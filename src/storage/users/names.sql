-- users::named, an account
SELECT "username", "username_changed_at"
FROM "users"."users"
WHERE "id" = CAST($1 AS uuid)
FOR NO KEY UPDATE;

-- users::named, a session
SELECT "username", "username_changed_at"
FROM "users"."users"
WHERE
  "id" = (
    SELECT "web_sessions"."user_id"
    FROM "users"."web_sessions"
    INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
    WHERE
      "web_sessions"."id_hash" = $1
      AND "web_sessions"."expires_at" > $2
      AND "sessions"."ended_at" IS NULL
  );

-- users::set_username
UPDATE "users"."users" SET
  "username" = $1, "username_changed_at" = $2, "updated_at" = $3
WHERE "id" = $4;
