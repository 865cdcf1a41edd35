-- personal_data::page, account
SELECT
  "created_at",
  "id",
  "username",
  "email",
  "email_verified",
  "display_name",
  "bio",
  "avatar_url",
  "roles",
  "updated_at",
  "delete_after"
FROM "users"."users"
WHERE "id" = $1 AND ("created_at", "id") < ($2, $3)
ORDER BY "created_at" DESC, "id" DESC
LIMIT $4;

-- personal_data::page, followers
SELECT
  "follows"."created_at",
  "users"."id",
  "users"."username",
  "users"."display_name"
FROM "users"."follows"
INNER JOIN "users"."users" ON "users"."id" = "follows"."follower_id"
WHERE
  "follows"."followee_id" = $1
  AND "users"."delete_after" IS NULL
  AND ("follows"."created_at", "follows"."follower_id") < ($2, $3)
ORDER BY "follows"."created_at" DESC, "follows"."follower_id" DESC
LIMIT $4;

-- personal_data::page, following
SELECT
  "follows"."created_at",
  "users"."id",
  "users"."username",
  "users"."display_name"
FROM "users"."follows"
INNER JOIN "users"."users" ON "users"."id" = "follows"."followee_id"
WHERE
  "follows"."follower_id" = $1
  AND "users"."delete_after" IS NULL
  AND ("follows"."created_at", "follows"."followee_id") < ($2, $3)
ORDER BY "follows"."created_at" DESC, "follows"."followee_id" DESC
LIMIT $4;

-- personal_data::page, sessions
SELECT
  "created_at",
  "id",
  "last_seen_at",
  "authenticated_at",
  "ended_at",
  "end_reason",
  "address",
  "user_agent"
FROM "users"."sessions"
WHERE "user_id" = $1 AND ("created_at", "id") < ($2, $3)
ORDER BY "created_at" DESC, "id" DESC
LIMIT $4;

-- personal_data::page, security history
SELECT
  "created_at",
  "id",
  "event",
  "session_id",
  "address",
  "device",
  "detail",
  "trace_id"
FROM "users"."audit_log"
WHERE "user_id" = $1 AND ("created_at", "id") < ($2, $3)
ORDER BY "created_at" DESC, "id" DESC
LIMIT $4;

-- personal_data::page, mails
SELECT "created_at", "id", "kind", "recipient", "sent_at", "given_up_at"
FROM "users"."outbox"
WHERE "user_id" = $1 AND ("created_at", "id") < ($2, $3)
ORDER BY "created_at" DESC, "id" DESC
LIMIT $4;

-- personal_data::page, changes of addresses
SELECT "created_at", "user_id", "email", "expires_at"
FROM "users"."email_changes"
WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3)
ORDER BY "created_at" DESC, "user_id" DESC
LIMIT $4;

-- personal_data::page, former addresses
SELECT "created_at", "user_id", "email", "expires_at"
FROM "users"."email_restorations"
WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3)
ORDER BY "created_at" DESC, "user_id" DESC
LIMIT $4;

-- personal_data::page, former names
SELECT "held_until", "user_id", "username"
FROM "users"."held_usernames"
WHERE "user_id" = $1 AND ("held_until", "user_id") < ($2, $3)
ORDER BY "held_until" DESC, "user_id" DESC
LIMIT $4;

-- personal_data::page, links to prove an address
SELECT "created_at", "user_id", "email", "expires_at", "used_at"
FROM "users"."email_verifications"
WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3)
ORDER BY "created_at" DESC, "user_id" DESC
LIMIT $4;

-- personal_data::page, links to set a password
SELECT "created_at", "user_id", "email", "expires_at", "used_at"
FROM "users"."password_resets"
WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3)
ORDER BY "created_at" DESC, "user_id" DESC
LIMIT $4;

-- personal_data::page, known devices
SELECT "seen_at", "user_id", MAX("expires_at")
FROM "users"."known_devices"
WHERE "user_id" = $1 AND ("seen_at", "user_id") < ($2, $3)
GROUP BY "seen_at", "user_id"
ORDER BY "seen_at" DESC, "user_id" DESC
LIMIT $4;
