-- retention::forget, web sessions
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "id_hash"
  FROM "users"."web_sessions"
  WHERE "expires_at" <= $1
  LIMIT $2
  FOR UPDATE OF "web_sessions" SKIP LOCKED
)
DELETE FROM "users"."web_sessions"
WHERE ("user_id", "id_hash") IN (SELECT "user_id", "id_hash" FROM "due");

-- retention::forget, links
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."email_verifications"
  WHERE
    "expires_at" <= $1
    AND "user_id" IN (SELECT "id" FROM "users"."users" WHERE "email_verified")
  LIMIT $2
  FOR UPDATE OF "email_verifications" SKIP LOCKED
)
DELETE FROM "users"."email_verifications"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, tokens
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."refresh_tokens"
  WHERE "expires_at" <= $1
  LIMIT $2
  FOR UPDATE OF "refresh_tokens" SKIP LOCKED
)
DELETE FROM "users"."refresh_tokens"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, tokens of ended sessions
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."refresh_tokens"
  WHERE "session_id" IN (SELECT "id" FROM "users"."sessions" WHERE "ended_at" <= $1)
  LIMIT $2
  FOR UPDATE OF "refresh_tokens" SKIP LOCKED
)
DELETE FROM "users"."refresh_tokens"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, ended sessions
WITH
"due" AS MATERIALIZED (
  SELECT "id"
  FROM "users"."sessions"
  WHERE
    "ended_at" <= $1
    AND (
      NOT EXISTS (
        SELECT *
        FROM "users"."refresh_tokens"
        WHERE "refresh_tokens"."session_id" = "sessions"."id"
      )
    )
  LIMIT $2
  FOR UPDATE OF "sessions" SKIP LOCKED
)
DELETE FROM "users"."sessions"
WHERE ("id") IN (SELECT "id" FROM "due");

-- retention::forget, idle sessions
WITH
"due" AS MATERIALIZED (
  SELECT "id"
  FROM "users"."sessions"
  WHERE
    "ended_at" IS NULL
    AND "last_seen_at" <= $1
    AND (
      NOT EXISTS (
        SELECT *
        FROM "users"."refresh_tokens"
        WHERE "refresh_tokens"."session_id" = "sessions"."id"
      )
    )
  LIMIT $2
  FOR UPDATE OF "sessions" SKIP LOCKED
)
DELETE FROM "users"."sessions"
WHERE ("id") IN (SELECT "id" FROM "due");

-- retention::forget, mails
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "id"
  FROM "users"."outbox"
  WHERE "created_at" <= $1 AND ("sent_at" IS NOT NULL OR "given_up_at" IS NOT NULL)
  LIMIT $2
  FOR UPDATE OF "outbox" SKIP LOCKED
)
DELETE FROM "users"."outbox"
WHERE ("user_id", "id") IN (SELECT "user_id", "id" FROM "due");

-- retention::forget, audit log
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "id"
  FROM "users"."audit_log"
  WHERE "created_at" <= $1
  LIMIT $2
  FOR UPDATE OF "audit_log" SKIP LOCKED
)
DELETE FROM "users"."audit_log"
WHERE ("user_id", "id") IN (SELECT "user_id", "id" FROM "due");

-- retention::forget, pieces of exports
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "attempt", "number"
  FROM "users"."export_parts"
  WHERE
    "user_id" IN (SELECT "user_id" FROM "users"."exports" WHERE "expires_at" <= $1)
  LIMIT $2
  FOR UPDATE OF "export_parts" SKIP LOCKED
)
DELETE FROM "users"."export_parts"
WHERE
  ("user_id", "attempt", "number") IN (SELECT "user_id", "attempt", "number" FROM "due");

-- retention::forget, exports
WITH
"due" AS MATERIALIZED (
  SELECT "user_id"
  FROM "users"."exports"
  WHERE
    "expires_at" <= $1
    AND (
      NOT EXISTS (
        SELECT *
        FROM "users"."export_parts"
        WHERE "export_parts"."user_id" = "exports"."user_id"
      )
    )
  LIMIT $2
  FOR UPDATE OF "exports" SKIP LOCKED
)
DELETE FROM "users"."exports"
WHERE ("user_id") IN (SELECT "user_id" FROM "due");

-- retention::forget, changes of addresses
WITH
"due" AS MATERIALIZED (
  SELECT "user_id"
  FROM "users"."email_changes"
  WHERE "expires_at" <= $1
  LIMIT $2
  FOR UPDATE OF "email_changes" SKIP LOCKED
)
DELETE FROM "users"."email_changes"
WHERE ("user_id") IN (SELECT "user_id" FROM "due");

-- retention::forget, restorations of addresses
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."email_restorations"
  WHERE "expires_at" <= $1
  LIMIT $2
  FOR UPDATE OF "email_restorations" SKIP LOCKED
)
DELETE FROM "users"."email_restorations"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, held names
WITH
"due" AS MATERIALIZED (
  SELECT "username"
  FROM "users"."held_usernames"
  WHERE "held_until" <= $1
  LIMIT $2
  FOR UPDATE OF "held_usernames" SKIP LOCKED
)
DELETE FROM "users"."held_usernames"
WHERE ("username") IN (SELECT "username" FROM "due");

-- retention::forget, resets
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."password_resets"
  WHERE "expires_at" <= $1
  LIMIT $2
  FOR UPDATE OF "password_resets" SKIP LOCKED
)
DELETE FROM "users"."password_resets"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, known devices
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "key"
  FROM "users"."known_devices"
  WHERE "expires_at" <= $1
  LIMIT $2
  FOR UPDATE OF "known_devices" SKIP LOCKED
)
DELETE FROM "users"."known_devices"
WHERE ("user_id", "key") IN (SELECT "user_id", "key" FROM "due");

-- retention::forget, quiet mailboxes
WITH
"due" AS MATERIALIZED (
  SELECT "key"
  FROM "users"."quiet_mailboxes"
  WHERE "until" <= $1
  LIMIT $2
  FOR UPDATE OF "quiet_mailboxes" SKIP LOCKED
)
DELETE FROM "users"."quiet_mailboxes"
WHERE ("key") IN (SELECT "key" FROM "due");

-- retention::all_of, tokens
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."refresh_tokens"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "refresh_tokens" SKIP LOCKED
)
DELETE FROM "users"."refresh_tokens"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::all_of, links
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."email_verifications"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "email_verifications" SKIP LOCKED
)
DELETE FROM "users"."email_verifications"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::all_of, mails
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "id"
  FROM "users"."outbox"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "outbox" SKIP LOCKED
)
DELETE FROM "users"."outbox"
WHERE ("user_id", "id") IN (SELECT "user_id", "id" FROM "due");

-- retention::all_of, pieces of exports
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "attempt", "number"
  FROM "users"."export_parts"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "export_parts" SKIP LOCKED
)
DELETE FROM "users"."export_parts"
WHERE
  ("user_id", "attempt", "number") IN (SELECT "user_id", "attempt", "number" FROM "due");

-- retention::all_of, web sessions
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "id_hash"
  FROM "users"."web_sessions"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "web_sessions" SKIP LOCKED
)
DELETE FROM "users"."web_sessions"
WHERE ("user_id", "id_hash") IN (SELECT "user_id", "id_hash" FROM "due");

-- retention::all_of, sessions
WITH
"due" AS MATERIALIZED (
  SELECT "id"
  FROM "users"."sessions"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "sessions" SKIP LOCKED
)
DELETE FROM "users"."sessions"
WHERE ("id") IN (SELECT "id" FROM "due");

-- retention::all_of, known devices
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "key"
  FROM "users"."known_devices"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "known_devices" SKIP LOCKED
)
DELETE FROM "users"."known_devices"
WHERE ("user_id", "key") IN (SELECT "user_id", "key" FROM "due");

-- retention::all_of, resets
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "token_hash"
  FROM "users"."password_resets"
  WHERE "user_id" = $1
  LIMIT $2
  FOR UPDATE OF "password_resets" SKIP LOCKED
)
DELETE FROM "users"."password_resets"
WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");
