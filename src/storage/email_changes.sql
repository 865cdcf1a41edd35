-- email_changes::replace
INSERT INTO
  "users"."email_changes" ("user_id", "session_id", "email", "token_hash", "created_at", "expires_at")
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT ("user_id") DO UPDATE SET
  "session_id" = "excluded"."session_id",
  "email" = "excluded"."email",
  "token_hash" = "excluded"."token_hash",
  "created_at" = "excluded"."created_at",
  "expires_at" = "excluded"."expires_at";

-- email_changes::of, an account
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."email_verified",
  "email_changes"."email"
FROM "users"."email_changes"
INNER JOIN "users"."users" ON "users"."id" = "email_changes"."user_id"
INNER JOIN "users"."sessions" ON "sessions"."id" = "email_changes"."session_id"
WHERE
  "email_changes"."expires_at" > $1
  AND ("sessions"."ended_at" IS NULL OR "sessions"."end_reason" = $2)
  AND "email_changes"."user_id" = CAST($3 AS uuid);

-- email_changes::of, a session
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."email_verified",
  "email_changes"."email"
FROM "users"."email_changes"
INNER JOIN "users"."users" ON "users"."id" = "email_changes"."user_id"
INNER JOIN "users"."sessions" ON "sessions"."id" = "email_changes"."session_id"
WHERE
  "email_changes"."expires_at" > $1
  AND ("sessions"."ended_at" IS NULL OR "sessions"."end_reason" = $2)
  AND "email_changes"."user_id" = (
    SELECT "web_sessions"."user_id"
    FROM "users"."web_sessions"
    INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
    WHERE
      "web_sessions"."id_hash" = $3
      AND "web_sessions"."expires_at" > $4
      AND "sessions"."ended_at" IS NULL
  );

-- email_changes::by_link
SELECT
  "users"."id",
  "users"."username",
  "users"."email",
  "users"."email_verified",
  "email_changes"."email"
FROM "users"."email_changes"
INNER JOIN "users"."users" ON "users"."id" = "email_changes"."user_id"
INNER JOIN "users"."sessions" ON "sessions"."id" = "email_changes"."session_id"
WHERE
  "email_changes"."expires_at" > $1
  AND ("sessions"."ended_at" IS NULL OR "sessions"."end_reason" = $2)
  AND "email_changes"."token_hash" = $3
FOR NO KEY UPDATE OF "users", "email_changes";

-- email_changes::cancel_of_others
DELETE FROM "users"."email_changes"
WHERE "user_id" = $1 AND "session_id" <> $2;

-- email_changes::cancel
DELETE FROM "users"."email_changes"
WHERE "user_id" = $1;
