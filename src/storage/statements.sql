-- users::insert
INSERT INTO "users"."users" ("id", "username", "email", "password_hash", "created_at", "updated_at") VALUES ($1, $2, $3, $4, $5, $6);

-- users::credentials
SELECT "id", "username", "email", "password_hash", "email_verified", "roles", "delete_after" FROM "users"."users" WHERE (lower("users"."email" collate "C")) = $1;

-- users::credentials_of
SELECT "id", "username", "email", "password_hash", "email_verified", "roles", "delete_after" FROM "users"."users" WHERE "id" = $1;

-- users::replace_password_hash
UPDATE "users"."users" SET "password_hash" = $1, "updated_at" = $2 WHERE "id" = $3 AND "password_hash" = $4;

-- users::reset_password
UPDATE "users"."users" SET "password_hash" = $1, "email_verified" = $2, "updated_at" = $3 WHERE "id" = $4;

-- users::correct_email
UPDATE "users"."users" SET "email" = $1, "updated_at" = $2 WHERE "id" = $3 AND (NOT "email_verified");

-- users::set_email
UPDATE "users"."users" SET "email" = $1, "email_verified" = $2, "updated_at" = $3 WHERE "id" = $4;

-- users::email_of_another
SELECT "id" FROM "users"."users" WHERE (lower("users"."email" collate "C")) = $1 AND "id" <> $2 AND "email_verified";

-- users::named, an account
SELECT "username", "username_changed_at" FROM "users"."users" WHERE "id" = CAST($1 AS uuid) FOR NO KEY UPDATE;

-- users::named, a session
SELECT "username", "username_changed_at" FROM "users"."users" WHERE "id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL);

-- users::set_username
UPDATE "users"."users" SET "username" = $1, "username_changed_at" = $2, "updated_at" = $3 WHERE "id" = $4;

-- users::mark_verified
UPDATE "users"."users" SET "email_verified" = $1, "updated_at" = $2 WHERE "id" = $3;

-- users::unverified
SELECT "id" FROM "users"."users" WHERE (lower("users"."email" collate "C")) = $1 AND (NOT "email_verified") FOR UPDATE;

-- users::lock_lapsed
SELECT "users"."id" FROM "users"."users" WHERE ((lower("users"."email" collate "C")) = $1 OR (lower("users"."username" collate "C")) = $2) AND (NOT "users"."email_verified") AND EXISTS(SELECT * FROM "users"."email_verifications" WHERE "email_verifications"."user_id" = "users"."id") AND (NOT EXISTS(SELECT * FROM "users"."email_verifications" WHERE "email_verifications"."user_id" = "users"."id" AND "email_verifications"."expires_at" > $3)) AND (NOT EXISTS(SELECT * FROM "users"."outbox" WHERE "outbox"."user_id" = "users"."id" AND "outbox"."sent_at" IS NULL AND "outbox"."given_up_at" IS NULL)) ORDER BY "users"."id" ASC FOR UPDATE OF "users";

-- users::delete_unverified
DELETE FROM "users"."users" WHERE "id" = $1 AND (NOT "email_verified");

-- users::email_exists
SELECT "id" FROM "users"."users" WHERE (lower("users"."email" collate "C")) = $1;

-- users::visible
SELECT "id" FROM "users"."users" WHERE "id" = $1 AND "users"."delete_after" IS NULL;

-- users::by_link
SELECT "users"."id", "users"."username", "users"."email_verified", "email_verifications"."expires_at", "email_verifications"."used_at", "users"."email" FROM "users"."users" INNER JOIN "users"."email_verifications" ON "email_verifications"."user_id" = "users"."id" WHERE "email_verifications"."token_hash" = $1 AND ("email_verifications"."used_at" IS NOT NULL OR "email_verifications"."email" IS NULL OR "email_verifications"."email" = "users"."email") FOR UPDATE;

-- users::people_by_ids
SELECT "id", "username", "display_name", "avatar_url" FROM "users"."users" WHERE "id" = ANY($1) AND "users"."delete_after" IS NULL;

-- users::person_by_username
SELECT "id", "username", "display_name", "avatar_url" FROM "users"."users" WHERE (lower("users"."username" collate "C")) = $1 AND "users"."delete_after" IS NULL;

-- suggestions::of, a session
WITH "viewer" AS (SELECT (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL) AS "id") , "own" AS (SELECT "followee_id" FROM "users"."follows" WHERE "follower_id" = (SELECT "viewer"."id" FROM "viewer") ORDER BY "created_at" DESC, "followee_id" DESC LIMIT $3) , "edges" AS (SELECT "edge"."followee_id" FROM "own" INNER JOIN LATERAL (SELECT "followee_id" FROM "users"."follows" WHERE "follower_id" = "own"."followee_id" ORDER BY "created_at" DESC, "followee_id" DESC LIMIT $4) AS "edge" ON "edge"."followee_id" <> (SELECT "viewer"."id" FROM "viewer") LIMIT $5) , "seen" AS (SELECT "followee_id", COUNT("followee_id") AS "mutuals" FROM "edges" GROUP BY "followee_id") , "known" AS (SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", "seen"."mutuals", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")) IS NOT NULL AS "follows_viewer" FROM "users"."users" INNER JOIN "seen" ON "seen"."followee_id" = "users"."id" WHERE "users"."id" <> (SELECT "viewer"."id" FROM "viewer") AND "users"."email_verified" AND "users"."delete_after" IS NULL AND (NOT (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer") AND "follows"."followee_id" = "users"."id") IS NOT NULL) ORDER BY "seen"."mutuals" DESC, "users"."id" DESC LIMIT $6) SELECT "known".* FROM "known" UNION ALL (SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", CAST($7 AS bigint), (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")) IS NOT NULL FROM "users"."users" WHERE "users"."id" <> (SELECT "viewer"."id" FROM "viewer") AND "users"."email_verified" AND "users"."delete_after" IS NULL AND (NOT (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer") AND "follows"."followee_id" = "users"."id") IS NOT NULL) AND (SELECT "viewer"."id" FROM "viewer") IS NOT NULL AND (SELECT COUNT("known"."id") FROM "known") < $8 ORDER BY "users"."id" DESC LIMIT $9);

-- suggestions::of, an account
WITH "viewer" AS (SELECT CAST($1 AS uuid) AS "id") , "own" AS (SELECT "followee_id" FROM "users"."follows" WHERE "follower_id" = (SELECT "viewer"."id" FROM "viewer") ORDER BY "created_at" DESC, "followee_id" DESC LIMIT $2) , "edges" AS (SELECT "edge"."followee_id" FROM "own" INNER JOIN LATERAL (SELECT "followee_id" FROM "users"."follows" WHERE "follower_id" = "own"."followee_id" ORDER BY "created_at" DESC, "followee_id" DESC LIMIT $3) AS "edge" ON "edge"."followee_id" <> (SELECT "viewer"."id" FROM "viewer") LIMIT $4) , "seen" AS (SELECT "followee_id", COUNT("followee_id") AS "mutuals" FROM "edges" GROUP BY "followee_id") , "known" AS (SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", "seen"."mutuals", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")) IS NOT NULL AS "follows_viewer" FROM "users"."users" INNER JOIN "seen" ON "seen"."followee_id" = "users"."id" WHERE "users"."id" <> (SELECT "viewer"."id" FROM "viewer") AND "users"."email_verified" AND "users"."delete_after" IS NULL AND (NOT (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer") AND "follows"."followee_id" = "users"."id") IS NOT NULL) ORDER BY "seen"."mutuals" DESC, "users"."id" DESC LIMIT $5) SELECT "known".* FROM "known" UNION ALL (SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", CAST($6 AS bigint), (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "viewer"."id" FROM "viewer")) IS NOT NULL FROM "users"."users" WHERE "users"."id" <> (SELECT "viewer"."id" FROM "viewer") AND "users"."email_verified" AND "users"."delete_after" IS NULL AND (NOT (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "viewer"."id" FROM "viewer") AND "follows"."followee_id" = "users"."id") IS NOT NULL) AND (SELECT "viewer"."id" FROM "viewer") IS NOT NULL AND (SELECT COUNT("known"."id") FROM "known") < $7 ORDER BY "users"."id" DESC LIMIT $8);

-- email_changes::replace
INSERT INTO "users"."email_changes" ("user_id", "session_id", "email", "token_hash", "created_at", "expires_at") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT ("user_id") DO UPDATE SET "session_id" = "excluded"."session_id", "email" = "excluded"."email", "token_hash" = "excluded"."token_hash", "created_at" = "excluded"."created_at", "expires_at" = "excluded"."expires_at";

-- email_changes::of, an account
SELECT "users"."id", "users"."username", "users"."email", "users"."email_verified", "email_changes"."email" FROM "users"."email_changes" INNER JOIN "users"."users" ON "users"."id" = "email_changes"."user_id" INNER JOIN "users"."sessions" ON "sessions"."id" = "email_changes"."session_id" WHERE "email_changes"."expires_at" > $1 AND ("sessions"."ended_at" IS NULL OR "sessions"."end_reason" = $2) AND "email_changes"."user_id" = CAST($3 AS uuid);

-- email_changes::of, a session
SELECT "users"."id", "users"."username", "users"."email", "users"."email_verified", "email_changes"."email" FROM "users"."email_changes" INNER JOIN "users"."users" ON "users"."id" = "email_changes"."user_id" INNER JOIN "users"."sessions" ON "sessions"."id" = "email_changes"."session_id" WHERE "email_changes"."expires_at" > $1 AND ("sessions"."ended_at" IS NULL OR "sessions"."end_reason" = $2) AND "email_changes"."user_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $3 AND "web_sessions"."expires_at" > $4 AND "sessions"."ended_at" IS NULL);

-- email_changes::by_link
SELECT "users"."id", "users"."username", "users"."email", "users"."email_verified", "email_changes"."email" FROM "users"."email_changes" INNER JOIN "users"."users" ON "users"."id" = "email_changes"."user_id" INNER JOIN "users"."sessions" ON "sessions"."id" = "email_changes"."session_id" WHERE "email_changes"."expires_at" > $1 AND ("sessions"."ended_at" IS NULL OR "sessions"."end_reason" = $2) AND "email_changes"."token_hash" = $3 FOR NO KEY UPDATE OF "users", "email_changes";

-- email_changes::cancel_of_others
DELETE FROM "users"."email_changes" WHERE "user_id" = $1 AND "session_id" <> $2;

-- email_changes::cancel
DELETE FROM "users"."email_changes" WHERE "user_id" = $1;

-- email_restorations::issue
INSERT INTO "users"."email_restorations" ("user_id", "token_hash", "email", "created_at", "expires_at", "keep_token_hash") VALUES ($1, $2, $3, $4, $5, $6);

-- email_restorations::by_link
SELECT "users"."id", "users"."username", "email_restorations"."email", "email_restorations"."created_at", "email_restorations"."expires_at", "users"."email" FROM "users"."email_restorations" INNER JOIN "users"."users" ON "users"."id" = "email_restorations"."user_id" WHERE "email_restorations"."token_hash" = $1 AND "email_restorations"."expires_at" > $2 FOR NO KEY UPDATE;

-- email_restorations::by_keep_link
SELECT "users"."id", "users"."username", "email_restorations"."email", "email_restorations"."created_at", "email_restorations"."expires_at", "users"."email" FROM "users"."email_restorations" INNER JOIN "users"."users" ON "users"."id" = "email_restorations"."user_id" WHERE "email_restorations"."keep_token_hash" = $1 AND "email_restorations"."expires_at" > $2 FOR NO KEY UPDATE;

-- email_restorations::delete_since
DELETE FROM "users"."email_restorations" WHERE "user_id" = $1 AND "created_at" >= $2;

-- email_restorations::delete_until
DELETE FROM "users"."email_restorations" WHERE "user_id" = $1 AND "created_at" <= $2;

-- held_usernames::hold
INSERT INTO "users"."held_usernames" ("username", "user_id", "held_until") VALUES ($1, $2, $3) ON CONFLICT ("username") DO UPDATE SET "user_id" = "excluded"."user_id", "held_until" = "excluded"."held_until";

-- held_usernames::held_from
SELECT "username" FROM "users"."held_usernames" WHERE "username" = $1 AND "held_until" > $2 AND ("user_id" IS NULL OR "user_id" <> $3);

-- held_usernames::successor
SELECT "users"."username" FROM "users"."held_usernames" INNER JOIN "users"."users" ON "users"."id" = "held_usernames"."user_id" WHERE "held_usernames"."username" = $1 AND "held_usernames"."held_until" > $2 AND "users"."delete_after" IS NULL;

-- email_verifications::issue
INSERT INTO "users"."email_verifications" ("token_hash", "user_id", "expires_at", "created_at", "email") VALUES ($1, $2, $3, $4, $5) ON CONFLICT ("user_id", "token_hash") DO UPDATE SET "expires_at" = "excluded"."expires_at" WHERE "email_verifications"."used_at" IS NULL;

-- email_verifications::mark_used
UPDATE "users"."email_verifications" SET "used_at" = $1 WHERE "token_hash" = $2;

-- email_verifications::delete_unused
DELETE FROM "users"."email_verifications" WHERE "user_id" = $1 AND "used_at" IS NULL;

-- password_resets::request
INSERT INTO "users"."password_reset_requests" ("id", "email", "trace_id", "address", "device", "created_at") VALUES ($1, $2, $3, $4, $5, $6);

-- password_resets::take_requests
WITH "due" AS  MATERIALIZED (SELECT "id" FROM "users"."password_reset_requests" ORDER BY "id" ASC LIMIT $1 FOR UPDATE SKIP LOCKED) , "asked" AS (DELETE FROM "users"."password_reset_requests" WHERE "id" IN (SELECT "id" FROM "due") RETURNING *) , "wanted" AS (SELECT "asked".*, "users"."id" AS "user_id", (CASE WHEN ("users"."email_verified") THEN "asked"."id" ELSE "users"."id" END) AS "mail_id" FROM "asked" INNER JOIN "users"."users" ON (lower("users"."email" collate "C")) = (lower("asked"."email" collate "C"))) , "owed" AS (INSERT INTO "users"."outbox" ("id", "user_id", "kind", "trace_id", "created_at", "next_attempt_at") SELECT "wanted"."mail_id", "wanted"."user_id", CAST($2 AS text), "wanted"."trace_id", "wanted"."created_at", CURRENT_TIMESTAMP FROM "wanted" ON CONFLICT  DO NOTHING RETURNING "id") INSERT INTO "users"."audit_log" ("id", "user_id", "event", "trace_id", "created_at", "address", "device") SELECT "wanted"."id", "wanted"."user_id", CAST($3 AS text), "wanted"."trace_id", "wanted"."created_at", "wanted"."address", "wanted"."device" FROM "wanted" INNER JOIN "owed" ON "wanted"."mail_id" = "owed"."id";

-- password_resets::issue
INSERT INTO "users"."password_resets" ("token_hash", "user_id", "email", "password_digest", "expires_at", "created_at") SELECT CAST($1 AS bytea), "users"."id", "users"."email", sha256(convert_to("users"."password_hash", $2)), CAST($3 AS timestamptz), CAST($4 AS timestamptz) FROM "users"."users" WHERE "users"."id" = $5 AND "users"."email" = $6 ON CONFLICT ("user_id", "token_hash") DO UPDATE SET "expires_at" = "excluded"."expires_at" WHERE "password_resets"."used_at" IS NULL AND "password_resets"."email" = "excluded"."email" AND "password_resets"."password_digest" = "excluded"."password_digest";

-- password_resets::linked
SELECT "users"."id", "users"."username", "users"."email" FROM "users"."users" INNER JOIN "users"."password_resets" ON "password_resets"."user_id" = "users"."id" WHERE "password_resets"."token_hash" = $1 AND "password_resets"."used_at" IS NULL AND "password_resets"."expires_at" > $2 AND "password_resets"."email" = "users"."email" AND "password_resets"."password_digest" = sha256(convert_to("users"."password_hash", $3)) FOR NO KEY UPDATE;

-- password_resets::mark_used
UPDATE "users"."password_resets" SET "used_at" = $1 WHERE "token_hash" = $2;

-- sessions::open
WITH "account" AS (SELECT "id" FROM "users"."users" WHERE "id" = $1 AND "password_hash" = $2 AND "users"."delete_after" IS NULL FOR SHARE) , "session" AS (INSERT INTO "users"."sessions" ("id", "user_id", "created_at", "last_seen_at", "authenticated_at", "address", "user_agent") SELECT CAST($3 AS uuid), "id", CAST($4 AS timestamptz), CAST($5 AS timestamptz), CAST($6 AS timestamptz), CAST($7 AS text), CAST($8 AS text) FROM "account" RETURNING "id", "user_id") , "noted" AS (INSERT INTO "users"."audit_log" ("id", "user_id", "session_id", "event", "trace_id", "created_at", "address", "device", "detail") SELECT CAST($9 AS uuid), CAST($10 AS uuid), CAST($11 AS uuid), CAST($12 AS text), CAST($13 AS text), CAST($14 AS timestamptz), CAST($15 AS text), CAST($16 AS text), CAST($17 AS text) FROM "session") , "owed" AS (INSERT INTO "users"."outbox" ("id", "user_id", "kind", "trace_id", "created_at", "next_attempt_at", "recipient", "data") SELECT CAST($18 AS uuid), CAST($19 AS uuid), CAST($20 AS text), CAST($21 AS text), CAST($22 AS timestamptz), CURRENT_TIMESTAMP, CAST($23 AS text), CAST($24 AS jsonb) FROM "session" WHERE EXISTS(SELECT * FROM "users"."sessions" WHERE "user_id" = $25) AND ((NOT EXISTS(SELECT * FROM "users"."audit_log" WHERE "user_id" = $26 AND "event" = 'logged_in' AND "device" = $27 AND "created_at" > $28)) OR (NOT EXISTS(SELECT "key" FROM "users"."known_devices" WHERE "user_id" = $29 AND "key" IN ($30) AND "expires_at" > $31))) ON CONFLICT  DO NOTHING) , "known" AS (INSERT INTO "users"."known_devices" ("user_id", "key", "seen_at", "expires_at") SELECT "session"."user_id", "place"."key", CAST($32 AS timestamptz), "place"."expires_at" FROM "session", (SELECT CAST($33 AS bytea) AS "key", CAST($34 AS timestamptz) AS "expires_at") AS "place" WHERE NOT EXISTS(SELECT "key" FROM "users"."known_devices" WHERE "known_devices"."user_id" = "session"."user_id" AND "known_devices"."key" = "place"."key" AND "known_devices"."seen_at" >= $35) ON CONFLICT ("user_id", "key") DO UPDATE SET "seen_at" = "excluded"."seen_at", "expires_at" = "excluded"."expires_at") , "too_many" AS  MATERIALIZED (SELECT "id" FROM "users"."sessions" WHERE "user_id" = $36 AND "ended_at" IS NULL ORDER BY "last_seen_at" DESC, "id" DESC LIMIT $37 OFFSET $38) , "surplus" AS  MATERIALIZED (SELECT "id" FROM "users"."sessions" WHERE "id" IN (SELECT "id" FROM "too_many") AND "ended_at" IS NULL AND EXISTS(SELECT * FROM "session") FOR UPDATE OF "sessions" SKIP LOCKED) , "ended" AS (UPDATE "users"."sessions" SET "ended_at" = $39, "end_reason" = $40 WHERE "id" IN (SELECT "id" FROM "surplus") RETURNING "id") , "revoked" AS (UPDATE "users"."refresh_tokens" SET "revoked" = $41 WHERE "token_hash" IN (SELECT "token"."token_hash" FROM "ended" INNER JOIN LATERAL (SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at" FROM "users"."refresh_tokens" WHERE "refresh_tokens"."session_id" = "ended"."id" ORDER BY "created_at" DESC LIMIT $42) AS "token" ON NOT "token"."revoked")) , "left" AS (DELETE FROM "users"."web_sessions" WHERE "session_id" IN (SELECT "id" FROM "ended")) , "any_ended" AS (SELECT "id" FROM "ended" LIMIT $43) , "noted_end" AS (INSERT INTO "users"."audit_log" ("id", "user_id", "session_id", "event", "trace_id", "created_at", "address", "device", "detail") SELECT CAST($44 AS uuid), CAST($45 AS uuid), CAST($46 AS uuid), CAST($47 AS text), CAST($48 AS text), CAST($49 AS timestamptz), CAST($50 AS text), CAST($51 AS text), CAST($52 AS text) FROM "any_ended") INSERT INTO "users"."refresh_tokens" ("token_hash", "user_id", "session_id", "expires_at", "created_at", "generation") SELECT CAST($53 AS bytea), "user_id", "id", CAST($54 AS timestamptz), CAST($55 AS timestamptz), CAST($56 AS integer) FROM "session";

-- sessions::rotate
WITH "live" AS (SELECT "sessions"."id" FROM "users"."sessions" INNER JOIN "users"."refresh_tokens" ON "refresh_tokens"."session_id" = "sessions"."id" WHERE "refresh_tokens"."token_hash" = $1 AND (NOT "refresh_tokens"."revoked") AND "sessions"."ended_at" IS NULL AND "sessions"."created_at" > $2 FOR NO KEY UPDATE OF "sessions") , "spent" AS (UPDATE "users"."refresh_tokens" SET "revoked" = $3, "rotated_at" = $4, "sealed_successor" = $5 FROM "live" WHERE "refresh_tokens"."session_id" = "live"."id" AND "refresh_tokens"."token_hash" = $6 AND (NOT "refresh_tokens"."revoked") AND "refresh_tokens"."expires_at" > $7 RETURNING "refresh_tokens"."user_id", "refresh_tokens"."session_id") , "fresh" AS (INSERT INTO "users"."refresh_tokens" ("token_hash", "user_id", "session_id", "expires_at", "created_at", "generation") SELECT CAST($8 AS bytea), "user_id", "session_id", CAST($9 AS timestamptz), CAST($10 AS timestamptz), CAST($11 AS integer) FROM "spent" RETURNING "user_id", "session_id") , "seen" AS (UPDATE "users"."sessions" SET "last_seen_at" = $12, "address" = $13, "user_agent" = $14 FROM "spent" WHERE "sessions"."id" = "spent"."session_id") SELECT "fresh"."session_id", "users"."id", "users"."email", "users"."roles" FROM "fresh" INNER JOIN "users"."users" ON "users"."id" = "fresh"."user_id";

-- sessions::rotate, forgetting
WITH "live" AS (SELECT "sessions"."id" FROM "users"."sessions" INNER JOIN "users"."refresh_tokens" ON "refresh_tokens"."session_id" = "sessions"."id" WHERE "refresh_tokens"."token_hash" = $1 AND (NOT "refresh_tokens"."revoked") AND "sessions"."ended_at" IS NULL AND "sessions"."created_at" > $2 FOR NO KEY UPDATE OF "sessions") , "spent" AS (UPDATE "users"."refresh_tokens" SET "revoked" = $3, "rotated_at" = $4, "sealed_successor" = $5 FROM "live" WHERE "refresh_tokens"."session_id" = "live"."id" AND "refresh_tokens"."token_hash" = $6 AND (NOT "refresh_tokens"."revoked") AND "refresh_tokens"."expires_at" > $7 RETURNING "refresh_tokens"."user_id", "refresh_tokens"."session_id") , "fresh" AS (INSERT INTO "users"."refresh_tokens" ("token_hash", "user_id", "session_id", "expires_at", "created_at", "generation") SELECT CAST($8 AS bytea), "user_id", "session_id", CAST($9 AS timestamptz), CAST($10 AS timestamptz), CAST($11 AS integer) FROM "spent" RETURNING "user_id", "session_id") , "seen" AS (UPDATE "users"."sessions" SET "last_seen_at" = $12, "address" = $13, "user_agent" = $14 FROM "spent" WHERE "sessions"."id" = "spent"."session_id") , "beyond" AS  MATERIALIZED (SELECT "token_hash" FROM "users"."refresh_tokens" WHERE "session_id" = (SELECT "session_id" FROM "spent") AND "rotated_at" <= $15 ORDER BY "created_at" DESC LIMIT $16 OFFSET $17) , "forgotten" AS (DELETE FROM "users"."refresh_tokens" WHERE "token_hash" IN (SELECT "token_hash" FROM "beyond")) SELECT "fresh"."session_id", "users"."id", "users"."email", "users"."roles" FROM "fresh" INNER JOIN "users"."users" ON "users"."id" = "fresh"."user_id";

-- sessions::is_outlived
SELECT "token_hash" FROM (SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at" FROM "users"."refresh_tokens" WHERE "refresh_tokens"."session_id" = $1 ORDER BY "created_at" DESC LIMIT $2) AS "newest" WHERE (NOT "revoked") AND "expires_at" > $3 AND ("generation" IS NULL OR "generation" > $4);

-- sessions::token
SELECT "session_id", "expires_at", "revoked", "rotated_at", "sealed_successor" FROM "users"."refresh_tokens" WHERE "token_hash" = $1;

-- sessions::live
SELECT "sessions"."id", "users"."id", "users"."email", "users"."roles" FROM "users"."sessions" INNER JOIN "users"."users" ON "users"."id" = "sessions"."user_id" WHERE "sessions"."id" = $1 AND "sessions"."ended_at" IS NULL AND "sessions"."created_at" > $2;

-- sessions::hold
SELECT "id" FROM "users"."sessions" WHERE "id" = $1 AND "ended_at" IS NULL FOR KEY SHARE;

-- sessions::lock_live
SELECT "sessions"."id", "users"."id", "users"."email", "users"."roles" FROM "users"."sessions" INNER JOIN "users"."users" ON "users"."id" = "sessions"."user_id" WHERE "sessions"."id" = $1 AND "sessions"."ended_at" IS NULL FOR UPDATE OF "sessions";

-- sessions::last_place
SELECT "address", "user_agent" FROM "users"."sessions" WHERE "id" = $1;

-- sessions::authenticated_at
SELECT "authenticated_at" FROM "users"."sessions" WHERE "id" = $1 AND "ended_at" IS NULL;

-- sessions::authenticate
UPDATE "users"."sessions" SET "authenticated_at" = $1 FROM "users"."users" WHERE "sessions"."id" = $2 AND "sessions"."ended_at" IS NULL AND "sessions"."user_id" = "users"."id" AND "users"."id" = $3 AND "users"."password_hash" = $4;

-- sessions::lock_live_of
SELECT "id" FROM "users"."sessions" WHERE "user_id" = $1 AND "ended_at" IS NULL AND "id" <> $2 ORDER BY "id" ASC FOR UPDATE;

-- sessions::end_all
UPDATE "users"."sessions" SET "ended_at" = $1, "end_reason" = $2 WHERE "id" = ANY($3) AND "ended_at" IS NULL;

-- sessions::revoke_all
UPDATE "users"."refresh_tokens" SET "revoked" = $1, "sealed_successor" = $2 WHERE "token_hash" IN (SELECT "token"."token_hash" FROM "users"."sessions" INNER JOIN LATERAL (SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at" FROM "users"."refresh_tokens" WHERE "refresh_tokens"."session_id" = "sessions"."id" ORDER BY "created_at" DESC LIMIT $3) AS "token" ON (NOT "token"."revoked") OR "token"."rotated_at" > $4 WHERE "sessions"."id" = ANY($5));

-- web_sessions::live
SELECT "web_sessions"."data", "web_sessions"."expires_at", "sessions"."authenticated_at" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL;

-- web_sessions::rename
UPDATE "users"."web_sessions" SET "data" = "data" || $1 WHERE "user_id" = $2;

-- web_sessions::delete
DELETE FROM "users"."web_sessions" WHERE "id_hash" = $1;

-- web_sessions::delete_of
DELETE FROM "users"."web_sessions" WHERE "session_id" = ANY($1);

-- profiles::by_ids
SELECT "users"."id", "users"."username", "users"."email", "users"."display_name", "users"."bio", "users"."avatar_url", "users"."created_at", (SELECT COALESCE(CAST(SUM("followers") AS bigint), $1) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), (SELECT COALESCE(CAST(SUM("followees") AS bigint), $2) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), "users"."delete_after" IS NULL FROM "users"."users" WHERE "users"."id" = ANY($3);

-- profiles::by_id
SELECT "users"."id", "users"."username", "users"."email", "users"."display_name", "users"."bio", "users"."avatar_url", "users"."created_at", (SELECT COALESCE(CAST(SUM("followers") AS bigint), $1) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), (SELECT COALESCE(CAST(SUM("followees") AS bigint), $2) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), "users"."delete_after" IS NULL FROM "users"."users" WHERE "users"."id" = $3;

-- profiles::by_id, a session
SELECT "users"."id", "users"."username", "users"."email", "users"."display_name", "users"."bio", "users"."avatar_url", "users"."created_at", (SELECT COALESCE(CAST(SUM("followers") AS bigint), $1) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), (SELECT COALESCE(CAST(SUM("followees") AS bigint), $2) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), "users"."delete_after" IS NULL FROM "users"."users" WHERE "users"."id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $3 AND "web_sessions"."expires_at" > $4 AND "sessions"."ended_at" IS NULL);

-- profiles::by_username
SELECT "users"."id", "users"."username", "users"."email", "users"."display_name", "users"."bio", "users"."avatar_url", "users"."created_at", (SELECT COALESCE(CAST(SUM("followers") AS bigint), $1) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), (SELECT COALESCE(CAST(SUM("followees") AS bigint), $2) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), "users"."delete_after" IS NULL FROM "users"."users" WHERE (lower("users"."username" collate "C")) = $3 AND "users"."delete_after" IS NULL;

-- profiles::seen_by, a session
SELECT "users"."id", "users"."username", "users"."email", "users"."display_name", "users"."bio", "users"."avatar_url", "users"."created_at", (SELECT COALESCE(CAST(SUM("followers") AS bigint), $1) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), (SELECT COALESCE(CAST(SUM("followees") AS bigint), $2) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), "users"."delete_after" IS NULL, (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $3 AND "web_sessions"."expires_at" > $4 AND "sessions"."ended_at" IS NULL) AND "follows"."followee_id" = "users"."id") IS NOT NULL AS "following", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $5 AND "web_sessions"."expires_at" > $6 AND "sessions"."ended_at" IS NULL)) IS NOT NULL AS "followed_by" FROM "users"."users" WHERE (lower("users"."username" collate "C")) = $7 AND "users"."delete_after" IS NULL;

-- profiles::seen_by, an account
SELECT "users"."id", "users"."username", "users"."email", "users"."display_name", "users"."bio", "users"."avatar_url", "users"."created_at", (SELECT COALESCE(CAST(SUM("followers") AS bigint), $1) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), (SELECT COALESCE(CAST(SUM("followees") AS bigint), $2) FROM "users"."follow_counts" WHERE "follow_counts"."user_id" = "users"."id"), "users"."delete_after" IS NULL, (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = CAST($3 AS uuid) AND "follows"."followee_id" = "users"."id") IS NOT NULL AS "following", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = CAST($4 AS uuid)) IS NOT NULL AS "followed_by" FROM "users"."users" WHERE (lower("users"."username" collate "C")) = $5 AND "users"."delete_after" IS NULL;

-- profiles::update
UPDATE "users"."users" SET "updated_at" = $1, "display_name" = $2, "bio" = $3, "avatar_url" = $4 WHERE "id" = $5 AND "users"."delete_after" IS NULL;

-- follows::insert
WITH "followee" AS (SELECT "id" FROM "users"."users" WHERE "id" = $1 AND "users"."delete_after" IS NULL) , "follower" AS (SELECT "id" FROM "users"."users" WHERE "id" = $2 AND "users"."delete_after" IS NULL) , "edge" AS (INSERT INTO "users"."follows" ("follower_id", "followee_id", "created_at") SELECT "follower"."id", "followee"."id", CAST($3 AS timestamptz) FROM "follower", "followee" ON CONFLICT ("follower_id", "followee_id") DO NOTHING RETURNING "follower_id") , "free" AS (SELECT "slot" FROM "users"."follow_counts" WHERE "user_id" = $4 AND "slot" = $5 FOR NO KEY UPDATE SKIP LOCKED) , "counted" AS (INSERT INTO "users"."follow_counts" ("user_id", "slot", "followers", "followees") SELECT CAST($6 AS uuid), CAST($7 AS smallint), CAST($8 AS bigint), CAST($9 AS bigint) FROM "edge" UNION ALL (SELECT CAST($10 AS uuid), CAST(COALESCE((SELECT "slot" FROM "free"), (SELECT (pg_backend_pid() % $11) + $12 FROM "users"."follow_counts" WHERE "user_id" = $13 AND "slot" = $14), $15) AS smallint), CAST($16 AS bigint), CAST($17 AS bigint) FROM "edge") ON CONFLICT ("user_id", "slot") DO UPDATE SET "followers" = "follow_counts"."followers" + "excluded"."followers", "followees" = "follow_counts"."followees" + "excluded"."followees" RETURNING "user_id") SELECT EXISTS(SELECT "follower_id" FROM "edge"), EXISTS(SELECT "id" FROM "followee"), EXISTS(SELECT "id" FROM "follower");

-- follows::delete
WITH "followee" AS (SELECT "id" FROM "users"."users" WHERE "id" = $1 AND "users"."delete_after" IS NULL) , "edge" AS (DELETE FROM "users"."follows" WHERE "follower_id" = $2 AND "followee_id" = $3 RETURNING "follower_id") , "free" AS (SELECT "slot" FROM "users"."follow_counts" WHERE "user_id" = $4 AND "slot" = $5 FOR NO KEY UPDATE SKIP LOCKED) , "counted" AS (INSERT INTO "users"."follow_counts" ("user_id", "slot", "followers", "followees") SELECT CAST($6 AS uuid), CAST($7 AS smallint), CAST($8 AS bigint), CAST($9 AS bigint) FROM "edge" UNION ALL (SELECT CAST($10 AS uuid), CAST(COALESCE((SELECT "slot" FROM "free"), (SELECT (pg_backend_pid() % $11) + $12 FROM "users"."follow_counts" WHERE "user_id" = $13 AND "slot" = $14), $15) AS smallint), CAST($16 AS bigint), CAST($17 AS bigint) FROM "edge") ON CONFLICT ("user_id", "slot") DO UPDATE SET "followers" = "follow_counts"."followers" + "excluded"."followers", "followees" = "follow_counts"."followees" + "excluded"."followees" RETURNING "user_id") SELECT EXISTS(SELECT "follower_id" FROM "edge"), EXISTS(SELECT "id" FROM "followee");

-- follows::page by number
SELECT "follower_id", "created_at" FROM "users"."follows" WHERE "followee_id" = $1 AND EXISTS(SELECT "id" FROM "users"."users" WHERE "id" = $2 AND "users"."delete_after" IS NULL) ORDER BY "created_at" DESC, "follower_id" DESC LIMIT $3 OFFSET $4;

-- follows::page by cursor
SELECT "followee_id", "created_at" FROM "users"."follows" WHERE "follower_id" = $1 AND ("created_at", "followee_id") < ($2, $3) AND EXISTS(SELECT "id" FROM "users"."users" WHERE "id" = $4 AND "users"."delete_after" IS NULL) ORDER BY "created_at" DESC, "followee_id" DESC LIMIT $5;

-- follows::delete_followers
WITH "edge" AS (DELETE FROM "users"."follows" WHERE "followee_id" = $1 AND "follower_id" IN (SELECT "follower_id" FROM "users"."follows" WHERE "followee_id" = $2 LIMIT $3) RETURNING "follower_id") , "counter" AS (SELECT "user_id" FROM "users"."follow_counts" WHERE "user_id" IN (SELECT "follower_id" FROM "edge") AND "slot" = $4 ORDER BY "user_id" ASC FOR NO KEY UPDATE) , "counted" AS (UPDATE "users"."follow_counts" SET "followees" = "followees" - $5 WHERE "user_id" IN (SELECT "user_id" FROM "counter") AND "slot" = $6 RETURNING "user_id") SELECT "follower_id" FROM "edge";

-- follows::delete_followees
WITH "edge" AS (DELETE FROM "users"."follows" WHERE "follower_id" = $1 AND "followee_id" IN (SELECT "followee_id" FROM "users"."follows" WHERE "follower_id" = $2 LIMIT $3) RETURNING "followee_id") , "counter" AS (SELECT "user_id" FROM "users"."follow_counts" WHERE "user_id" IN (SELECT "followee_id" FROM "edge") AND "slot" = $4 ORDER BY "user_id" ASC FOR NO KEY UPDATE) , "counted" AS (UPDATE "users"."follow_counts" SET "followers" = "followers" - $5 WHERE "user_id" IN (SELECT "user_id" FROM "counter") AND "slot" = $6 RETURNING "user_id") SELECT "followee_id" FROM "edge";

-- follows::forget_counts
DELETE FROM "users"."follow_counts" WHERE "user_id" = $1;

-- lists::page, the viewer's own
WITH "edge" AS (SELECT "follower_id", "created_at" FROM "users"."follows" WHERE "followee_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL) AND (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $3 AND "web_sessions"."expires_at" > $4 AND "sessions"."ended_at" IS NULL) IS NOT NULL ORDER BY "created_at" DESC, "follower_id" DESC LIMIT $5 OFFSET $6) SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", "edge"."follower_id", "edge"."created_at", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $7 AND "web_sessions"."expires_at" > $8 AND "sessions"."ended_at" IS NULL) AND "follows"."followee_id" = "users"."id") IS NOT NULL AS "following", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $9 AND "web_sessions"."expires_at" > $10 AND "sessions"."ended_at" IS NULL)) IS NOT NULL AS "followed_by" FROM "edge" LEFT JOIN "users"."users" ON "users"."id" = "edge"."follower_id" AND "users"."delete_after" IS NULL ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;

-- lists::page, by number
WITH "edge" AS (SELECT "follower_id", "created_at" FROM "users"."follows" WHERE "followee_id" = (SELECT "id" FROM "users"."users" WHERE (lower("users"."username" collate "C")) = $1 AND "users"."delete_after" IS NULL) AND (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $2 AND "web_sessions"."expires_at" > $3 AND "sessions"."ended_at" IS NULL) IS NOT NULL ORDER BY "created_at" DESC, "follower_id" DESC LIMIT $4 OFFSET $5) SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", "edge"."follower_id", "edge"."created_at", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $6 AND "web_sessions"."expires_at" > $7 AND "sessions"."ended_at" IS NULL) AND "follows"."followee_id" = "users"."id") IS NOT NULL AS "following", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $8 AND "web_sessions"."expires_at" > $9 AND "sessions"."ended_at" IS NULL)) IS NOT NULL AS "followed_by" FROM "edge" LEFT JOIN "users"."users" ON "users"."id" = "edge"."follower_id" AND "users"."delete_after" IS NULL ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;

-- lists::page, an account
WITH "edge" AS (SELECT "follower_id", "created_at" FROM "users"."follows" WHERE "followee_id" = (SELECT "id" FROM "users"."users" WHERE (lower("users"."username" collate "C")) = $1 AND "users"."delete_after" IS NULL) AND CAST($2 AS uuid) IS NOT NULL ORDER BY "created_at" DESC, "follower_id" DESC LIMIT $3 OFFSET $4) SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", "edge"."follower_id", "edge"."created_at", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = CAST($5 AS uuid) AND "follows"."followee_id" = "users"."id") IS NOT NULL AS "following", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = CAST($6 AS uuid)) IS NOT NULL AS "followed_by" FROM "edge" LEFT JOIN "users"."users" ON "users"."id" = "edge"."follower_id" AND "users"."delete_after" IS NULL ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;

-- lists::page, by cursor
WITH "edge" AS (SELECT "follower_id", "created_at" FROM "users"."follows" WHERE "followee_id" = (SELECT "id" FROM "users"."users" WHERE (lower("users"."username" collate "C")) = $1 AND "users"."delete_after" IS NULL) AND ("created_at", "follower_id") < ($2, $3) AND (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $4 AND "web_sessions"."expires_at" > $5 AND "sessions"."ended_at" IS NULL) IS NOT NULL ORDER BY "created_at" DESC, "follower_id" DESC LIMIT $6) SELECT "users"."id", "users"."username", "users"."display_name", "users"."avatar_url", "edge"."follower_id", "edge"."created_at", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $7 AND "web_sessions"."expires_at" > $8 AND "sessions"."ended_at" IS NULL) AND "follows"."followee_id" = "users"."id") IS NOT NULL AS "following", (SELECT "follows"."follower_id" FROM "users"."follows" WHERE "follows"."follower_id" = "users"."id" AND "follows"."followee_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $9 AND "web_sessions"."expires_at" > $10 AND "sessions"."ended_at" IS NULL)) IS NOT NULL AS "followed_by" FROM "edge" LEFT JOIN "users"."users" ON "users"."id" = "edge"."follower_id" AND "users"."delete_after" IS NULL ORDER BY "edge"."created_at" DESC, "edge"."follower_id" DESC;

-- devices::open, an account
SELECT "id", "user_agent", "address", "created_at", "last_seen_at" FROM "users"."sessions" WHERE "user_id" = CAST($1 AS uuid) AND "ended_at" IS NULL AND "created_at" > $2 AND EXISTS(SELECT * FROM (SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at" FROM "users"."refresh_tokens" WHERE "refresh_tokens"."session_id" = "sessions"."id" ORDER BY "created_at" DESC LIMIT $3) AS "newest" WHERE (NOT "revoked") AND "expires_at" > $4) ORDER BY "last_seen_at" DESC, "id" DESC LIMIT $5;

-- devices::open, a session
SELECT "id", "user_agent", "address", "created_at", "last_seen_at" FROM "users"."sessions" WHERE "user_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL) AND "ended_at" IS NULL AND "created_at" > $3 AND EXISTS(SELECT * FROM (SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at" FROM "users"."refresh_tokens" WHERE "refresh_tokens"."session_id" = "sessions"."id" ORDER BY "created_at" DESC LIMIT $4) AS "newest" WHERE (NOT "revoked") AND "expires_at" > $5) ORDER BY "last_seen_at" DESC, "id" DESC LIMIT $6;

-- devices::lock_own
SELECT "ended_at", "user_agent" FROM "users"."sessions" WHERE "id" = $1 AND "user_id" = $2 FOR UPDATE;

-- devices::ended_after
SELECT "ended_at", "id" FROM "users"."sessions" WHERE "ended_at" IS NOT NULL AND ("ended_at", "id") > ($1, $2) ORDER BY "ended_at" ASC, "id" ASC LIMIT $3;

-- avatars::lock_owner
SELECT "id" FROM "users"."users" WHERE "id" = $1 AND "users"."delete_after" IS NULL FOR NO KEY UPDATE;

-- avatars::issue
INSERT INTO "users"."avatars" ("user_id", "name", "created_at") VALUES ($1, $2, $3);

-- avatars::issued
SELECT "name" FROM "users"."avatars" WHERE "user_id" = $1 ORDER BY "created_at" DESC;

-- avatars::forget
DELETE FROM "users"."avatars" WHERE "user_id" = $1 AND "name" = ANY($2);

-- avatars::named
SELECT "name" FROM "users"."avatars" WHERE "name" = ANY($1);

-- deletions::request
UPDATE "users"."users" SET "delete_after" = $1 WHERE "users"."id" = $2 AND "delete_after" IS NULL;

-- deletions::keep
UPDATE "users"."users" SET "delete_after" = $1 WHERE "users"."id" = $2 AND "password_hash" = $3 AND "delete_after" > $4 AND "deletion_started_at" IS NULL RETURNING "username";

-- deletions::claim
WITH "due" AS  MATERIALIZED (SELECT "id" FROM "users"."users" WHERE "delete_after" <= $1 ORDER BY "delete_after" ASC LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) UPDATE "users"."users" SET "deletion_started_at" = COALESCE("users"."deletion_started_at", $3) FROM "due" WHERE "users"."id" = "due"."id" RETURNING "users"."id", "users"."username";

-- deletions::postpone
UPDATE "users"."users" SET "delete_after" = $1, "deletion_started_at" = COALESCE("users"."deletion_started_at", $2) WHERE "users"."id" = $3 AND "delete_after" <= $4;

-- deletions::let_go
UPDATE "users"."users" SET "username" = CAST("users"."id" AS text), "email" = ' ' || CAST("users"."id" AS text), "delete_after" = $1, "deletion_started_at" = $2 WHERE "users"."id" = $3 AND (NOT "users"."email_verified");

-- deletions::let_go_unproven
WITH "due" AS  MATERIALIZED (SELECT "users"."id" FROM "users"."email_verifications" INNER JOIN "users"."users" ON "email_verifications"."user_id" = "users"."id" WHERE "email_verifications"."expires_at" <= $1 AND (NOT "users"."email_verified") AND "users"."delete_after" IS NULL AND (NOT EXISTS(SELECT * FROM "users"."sessions" WHERE "sessions"."user_id" = "users"."id")) AND (NOT EXISTS(SELECT * FROM "users"."audit_log" WHERE "audit_log"."user_id" = "users"."id" AND "audit_log"."event" = $2)) AND (NOT EXISTS(SELECT * FROM "users"."email_verifications" WHERE "email_verifications"."user_id" = "users"."id" AND "email_verifications"."expires_at" > $3)) AND (NOT EXISTS(SELECT * FROM "users"."outbox" WHERE "outbox"."user_id" = "users"."id" AND "outbox"."sent_at" IS NULL AND "outbox"."given_up_at" IS NULL)) LIMIT $4 FOR UPDATE OF "users" SKIP LOCKED) UPDATE "users"."users" SET "username" = CAST("users"."id" AS text), "email" = ' ' || CAST("users"."id" AS text), "delete_after" = $5, "deletion_started_at" = $6 FROM "due" WHERE "users"."id" = "due"."id" AND (NOT "users"."email_verified") RETURNING "users"."id";

-- deletions::anonymise
UPDATE "users"."audit_log" SET "address" = $1, "device" = $2, "detail" = $3 WHERE "user_id" = $4 AND "id" IN (SELECT "id" FROM "users"."audit_log" WHERE "user_id" = $5 AND ("address" IS NOT NULL OR "device" IS NOT NULL OR "detail" IS NOT NULL) LIMIT $6);

-- deletions::delete
DELETE FROM "users"."users" WHERE "id" = $1 AND "deletion_started_at" IS NOT NULL;

-- exports::request
INSERT INTO "users"."exports" ("user_id", "requested_at", "next_attempt_at", "expires_at") VALUES ($1, $2, CURRENT_TIMESTAMP, $3) ON CONFLICT ("user_id") DO UPDATE SET "requested_at" = "excluded"."requested_at", "next_attempt_at" = "excluded"."next_attempt_at", "expires_at" = "excluded"."expires_at", "ready_at" = $4, "size" = $5 WHERE "exports"."ready_at" IS NOT NULL AND "exports"."requested_at" <= $6;

-- exports::of, an account
SELECT "requested_at", "ready_at", "expires_at", "size", "attempts" FROM "users"."exports" WHERE "user_id" = CAST($1 AS uuid) AND "expires_at" > $2;

-- exports::of, a session
SELECT "requested_at", "ready_at", "expires_at", "size", "attempts" FROM "users"."exports" WHERE "user_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL) AND "expires_at" > $3;

-- exports::claim
WITH "due" AS  MATERIALIZED (SELECT "user_id" FROM "users"."exports" WHERE "ready_at" IS NULL AND "next_attempt_at" <= CURRENT_TIMESTAMP + (make_interval(secs => $1)) ORDER BY "next_attempt_at" ASC LIMIT $2 FOR UPDATE SKIP LOCKED) UPDATE "users"."exports" SET "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $3)), "attempts" = "exports"."attempts" + $4 FROM "due" WHERE "exports"."user_id" = "due"."user_id" RETURNING "exports"."user_id", "exports"."attempts";

-- exports::forget_others
DELETE FROM "users"."export_parts" WHERE "user_id" = $1 AND "attempt" <> $2;

-- exports::add_part
WITH "held" AS (UPDATE "users"."exports" SET "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $1)) WHERE "user_id" = $2 AND "attempts" = $3 AND "ready_at" IS NULL RETURNING "user_id") INSERT INTO "users"."export_parts" ("user_id", "attempt", "number", "bytes") SELECT "user_id", CAST($4 AS integer), CAST($5 AS integer), CAST($6 AS bytea) FROM "held";

-- exports::ready
UPDATE "users"."exports" SET "ready_at" = $1, "expires_at" = $2, "size" = $3 WHERE "user_id" = $4 AND "attempts" = $5 AND "ready_at" IS NULL;

-- exports::part
SELECT "bytes" FROM "users"."export_parts" WHERE "user_id" = $1 AND "attempt" = $2 AND "number" = $3;

-- personal_data::page, account
SELECT "created_at", "id", "username", "email", "email_verified", "display_name", "bio", "avatar_url", "roles", "updated_at", "delete_after" FROM "users"."users" WHERE "id" = $1 AND ("created_at", "id") < ($2, $3) ORDER BY "created_at" DESC, "id" DESC LIMIT $4;

-- personal_data::page, followers
SELECT "follows"."created_at", "users"."id", "users"."username", "users"."display_name" FROM "users"."follows" INNER JOIN "users"."users" ON "users"."id" = "follows"."follower_id" WHERE "follows"."followee_id" = $1 AND "users"."delete_after" IS NULL AND ("follows"."created_at", "follows"."follower_id") < ($2, $3) ORDER BY "follows"."created_at" DESC, "follows"."follower_id" DESC LIMIT $4;

-- personal_data::page, following
SELECT "follows"."created_at", "users"."id", "users"."username", "users"."display_name" FROM "users"."follows" INNER JOIN "users"."users" ON "users"."id" = "follows"."followee_id" WHERE "follows"."follower_id" = $1 AND "users"."delete_after" IS NULL AND ("follows"."created_at", "follows"."followee_id") < ($2, $3) ORDER BY "follows"."created_at" DESC, "follows"."followee_id" DESC LIMIT $4;

-- personal_data::page, sessions
SELECT "created_at", "id", "last_seen_at", "authenticated_at", "ended_at", "end_reason", "address", "user_agent" FROM "users"."sessions" WHERE "user_id" = $1 AND ("created_at", "id") < ($2, $3) ORDER BY "created_at" DESC, "id" DESC LIMIT $4;

-- personal_data::page, security history
SELECT "created_at", "id", "event", "session_id", "address", "device", "detail", "trace_id" FROM "users"."audit_log" WHERE "user_id" = $1 AND ("created_at", "id") < ($2, $3) ORDER BY "created_at" DESC, "id" DESC LIMIT $4;

-- personal_data::page, mails
SELECT "created_at", "id", "kind", "recipient", "sent_at", "given_up_at" FROM "users"."outbox" WHERE "user_id" = $1 AND ("created_at", "id") < ($2, $3) ORDER BY "created_at" DESC, "id" DESC LIMIT $4;

-- personal_data::page, changes of addresses
SELECT "created_at", "user_id", "email", "expires_at" FROM "users"."email_changes" WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3) ORDER BY "created_at" DESC, "user_id" DESC LIMIT $4;

-- personal_data::page, former addresses
SELECT "created_at", "user_id", "email", "expires_at" FROM "users"."email_restorations" WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3) ORDER BY "created_at" DESC, "user_id" DESC LIMIT $4;

-- personal_data::page, former names
SELECT "held_until", "user_id", "username" FROM "users"."held_usernames" WHERE "user_id" = $1 AND ("held_until", "user_id") < ($2, $3) ORDER BY "held_until" DESC, "user_id" DESC LIMIT $4;

-- personal_data::page, links to prove an address
SELECT "created_at", "user_id", "email", "expires_at", "used_at" FROM "users"."email_verifications" WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3) ORDER BY "created_at" DESC, "user_id" DESC LIMIT $4;

-- personal_data::page, links to set a password
SELECT "created_at", "user_id", "email", "expires_at", "used_at" FROM "users"."password_resets" WHERE "user_id" = $1 AND ("created_at", "user_id") < ($2, $3) ORDER BY "created_at" DESC, "user_id" DESC LIMIT $4;

-- personal_data::page, known devices
SELECT "seen_at", "user_id", MAX("expires_at") FROM "users"."known_devices" WHERE "user_id" = $1 AND ("seen_at", "user_id") < ($2, $3) GROUP BY "seen_at", "user_id" ORDER BY "seen_at" DESC, "user_id" DESC LIMIT $4;

-- retention::forget, web sessions
WITH "due" AS  MATERIALIZED (SELECT "user_id", "id_hash" FROM "users"."web_sessions" WHERE "expires_at" <= $1 LIMIT $2 FOR UPDATE OF "web_sessions" SKIP LOCKED) DELETE FROM "users"."web_sessions" WHERE ("user_id", "id_hash") IN (SELECT "user_id", "id_hash" FROM "due");

-- retention::forget, links
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."email_verifications" WHERE "expires_at" <= $1 AND "user_id" IN (SELECT "id" FROM "users"."users" WHERE "email_verified") LIMIT $2 FOR UPDATE OF "email_verifications" SKIP LOCKED) DELETE FROM "users"."email_verifications" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, tokens
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."refresh_tokens" WHERE "expires_at" <= $1 LIMIT $2 FOR UPDATE OF "refresh_tokens" SKIP LOCKED) DELETE FROM "users"."refresh_tokens" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, tokens of ended sessions
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."refresh_tokens" WHERE "session_id" IN (SELECT "id" FROM "users"."sessions" WHERE "ended_at" <= $1) LIMIT $2 FOR UPDATE OF "refresh_tokens" SKIP LOCKED) DELETE FROM "users"."refresh_tokens" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, ended sessions
WITH "due" AS  MATERIALIZED (SELECT "id" FROM "users"."sessions" WHERE "ended_at" <= $1 AND (NOT EXISTS(SELECT * FROM "users"."refresh_tokens" WHERE "refresh_tokens"."session_id" = "sessions"."id")) LIMIT $2 FOR UPDATE OF "sessions" SKIP LOCKED) DELETE FROM "users"."sessions" WHERE ("id") IN (SELECT "id" FROM "due");

-- retention::forget, idle sessions
WITH "due" AS  MATERIALIZED (SELECT "id" FROM "users"."sessions" WHERE "ended_at" IS NULL AND "last_seen_at" <= $1 AND (NOT EXISTS(SELECT * FROM "users"."refresh_tokens" WHERE "refresh_tokens"."session_id" = "sessions"."id")) LIMIT $2 FOR UPDATE OF "sessions" SKIP LOCKED) DELETE FROM "users"."sessions" WHERE ("id") IN (SELECT "id" FROM "due");

-- retention::forget, mails
WITH "due" AS  MATERIALIZED (SELECT "user_id", "id" FROM "users"."outbox" WHERE "created_at" <= $1 AND ("sent_at" IS NOT NULL OR "given_up_at" IS NOT NULL) LIMIT $2 FOR UPDATE OF "outbox" SKIP LOCKED) DELETE FROM "users"."outbox" WHERE ("user_id", "id") IN (SELECT "user_id", "id" FROM "due");

-- retention::forget, audit log
WITH "due" AS  MATERIALIZED (SELECT "user_id", "id" FROM "users"."audit_log" WHERE "created_at" <= $1 LIMIT $2 FOR UPDATE OF "audit_log" SKIP LOCKED) DELETE FROM "users"."audit_log" WHERE ("user_id", "id") IN (SELECT "user_id", "id" FROM "due");

-- retention::forget, pieces of exports
WITH "due" AS  MATERIALIZED (SELECT "user_id", "attempt", "number" FROM "users"."export_parts" WHERE "user_id" IN (SELECT "user_id" FROM "users"."exports" WHERE "expires_at" <= $1) LIMIT $2 FOR UPDATE OF "export_parts" SKIP LOCKED) DELETE FROM "users"."export_parts" WHERE ("user_id", "attempt", "number") IN (SELECT "user_id", "attempt", "number" FROM "due");

-- retention::forget, exports
WITH "due" AS  MATERIALIZED (SELECT "user_id" FROM "users"."exports" WHERE "expires_at" <= $1 AND (NOT EXISTS(SELECT * FROM "users"."export_parts" WHERE "export_parts"."user_id" = "exports"."user_id")) LIMIT $2 FOR UPDATE OF "exports" SKIP LOCKED) DELETE FROM "users"."exports" WHERE ("user_id") IN (SELECT "user_id" FROM "due");

-- retention::forget, changes of addresses
WITH "due" AS  MATERIALIZED (SELECT "user_id" FROM "users"."email_changes" WHERE "expires_at" <= $1 LIMIT $2 FOR UPDATE OF "email_changes" SKIP LOCKED) DELETE FROM "users"."email_changes" WHERE ("user_id") IN (SELECT "user_id" FROM "due");

-- retention::forget, restorations of addresses
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."email_restorations" WHERE "expires_at" <= $1 LIMIT $2 FOR UPDATE OF "email_restorations" SKIP LOCKED) DELETE FROM "users"."email_restorations" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, held names
WITH "due" AS  MATERIALIZED (SELECT "username" FROM "users"."held_usernames" WHERE "held_until" <= $1 LIMIT $2 FOR UPDATE OF "held_usernames" SKIP LOCKED) DELETE FROM "users"."held_usernames" WHERE ("username") IN (SELECT "username" FROM "due");

-- retention::forget, resets
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."password_resets" WHERE "expires_at" <= $1 LIMIT $2 FOR UPDATE OF "password_resets" SKIP LOCKED) DELETE FROM "users"."password_resets" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::forget, known devices
WITH "due" AS  MATERIALIZED (SELECT "user_id", "key" FROM "users"."known_devices" WHERE "expires_at" <= $1 LIMIT $2 FOR UPDATE OF "known_devices" SKIP LOCKED) DELETE FROM "users"."known_devices" WHERE ("user_id", "key") IN (SELECT "user_id", "key" FROM "due");

-- retention::forget, quiet mailboxes
WITH "due" AS  MATERIALIZED (SELECT "key" FROM "users"."quiet_mailboxes" WHERE "until" <= $1 LIMIT $2 FOR UPDATE OF "quiet_mailboxes" SKIP LOCKED) DELETE FROM "users"."quiet_mailboxes" WHERE ("key") IN (SELECT "key" FROM "due");

-- retention::all_of, tokens
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."refresh_tokens" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "refresh_tokens" SKIP LOCKED) DELETE FROM "users"."refresh_tokens" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::all_of, links
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."email_verifications" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "email_verifications" SKIP LOCKED) DELETE FROM "users"."email_verifications" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- retention::all_of, mails
WITH "due" AS  MATERIALIZED (SELECT "user_id", "id" FROM "users"."outbox" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "outbox" SKIP LOCKED) DELETE FROM "users"."outbox" WHERE ("user_id", "id") IN (SELECT "user_id", "id" FROM "due");

-- retention::all_of, pieces of exports
WITH "due" AS  MATERIALIZED (SELECT "user_id", "attempt", "number" FROM "users"."export_parts" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "export_parts" SKIP LOCKED) DELETE FROM "users"."export_parts" WHERE ("user_id", "attempt", "number") IN (SELECT "user_id", "attempt", "number" FROM "due");

-- retention::all_of, web sessions
WITH "due" AS  MATERIALIZED (SELECT "user_id", "id_hash" FROM "users"."web_sessions" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "web_sessions" SKIP LOCKED) DELETE FROM "users"."web_sessions" WHERE ("user_id", "id_hash") IN (SELECT "user_id", "id_hash" FROM "due");

-- retention::all_of, sessions
WITH "due" AS  MATERIALIZED (SELECT "id" FROM "users"."sessions" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "sessions" SKIP LOCKED) DELETE FROM "users"."sessions" WHERE ("id") IN (SELECT "id" FROM "due");

-- retention::all_of, known devices
WITH "due" AS  MATERIALIZED (SELECT "user_id", "key" FROM "users"."known_devices" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "known_devices" SKIP LOCKED) DELETE FROM "users"."known_devices" WHERE ("user_id", "key") IN (SELECT "user_id", "key" FROM "due");

-- retention::all_of, resets
WITH "due" AS  MATERIALIZED (SELECT "user_id", "token_hash" FROM "users"."password_resets" WHERE "user_id" = $1 LIMIT $2 FOR UPDATE OF "password_resets" SKIP LOCKED) DELETE FROM "users"."password_resets" WHERE ("user_id", "token_hash") IN (SELECT "user_id", "token_hash" FROM "due");

-- audit::append
INSERT INTO "users"."audit_log" ("id", "user_id", "session_id", "event", "trace_id", "created_at", "address", "device", "detail") VALUES (CAST($1 AS uuid), CAST($2 AS uuid), CAST($3 AS uuid), CAST($4 AS text), CAST($5 AS text), CAST($6 AS timestamptz), CAST($7 AS text), CAST($8 AS text), CAST($9 AS text));

-- history::read, an account
SELECT "id", "event", "created_at", "device", "address", "detail" FROM "users"."audit_log" WHERE "user_id" = CAST($1 AS uuid) AND "created_at" > $2 AND "id" < $3 ORDER BY "id" DESC LIMIT $4;

-- history::read, a session
SELECT "id", "event", "created_at", "device", "address", "detail" FROM "users"."audit_log" WHERE "user_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL) AND "created_at" > $3 AND "id" < $4 ORDER BY "id" DESC LIMIT $5;

-- history::read, a session's newest
SELECT "id", "event", "created_at", "device", "address", "detail" FROM "users"."audit_log" WHERE "user_id" = (SELECT "web_sessions"."user_id" FROM "users"."web_sessions" INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id" WHERE "web_sessions"."id_hash" = $1 AND "web_sessions"."expires_at" > $2 AND "sessions"."ended_at" IS NULL) AND "created_at" > $3 ORDER BY "id" DESC LIMIT $4;

-- rate_limits::take
WITH "wanted" AS (SELECT CAST($1 AS bytea) AS "key", CAST($2 AS timestamptz) AS "first", CAST($3 AS timestamptz) AS "latest") , "found" AS (SELECT "key", "full_at" FROM "users"."rate_limits" WHERE "key" IN ($4) ORDER BY "key" ASC FOR UPDATE) , "judged" AS (SELECT "wanted"."key", "wanted"."first", "wanted"."latest", GREATEST("found"."full_at", CAST($5 AS timestamptz)) AS "full_at" FROM "wanted" LEFT JOIN "found" ON "found"."key" = "wanted"."key") , "taken" AS (INSERT INTO "users"."rate_limits" ("key", "full_at") SELECT "key", "first" FROM "judged" WHERE NOT EXISTS(SELECT "key" FROM "judged" WHERE "full_at" > "latest") ORDER BY "key" ASC ON CONFLICT ("key") DO UPDATE SET "full_at" = GREATEST("rate_limits"."full_at", CAST($6 AS timestamptz)) + ("excluded"."full_at" - CAST($7 AS timestamptz)) WHERE GREATEST("rate_limits"."full_at", CAST($8 AS timestamptz)) <= (SELECT "wanted"."latest" FROM "wanted" WHERE "wanted"."key" = "excluded"."key") RETURNING "key") SELECT (SELECT COUNT("key") FROM "taken"), CAST((extract(epoch from max("full_at" - "latest"))) AS float8) FROM "judged";

-- rate_limits::look
WITH "wanted" AS (SELECT CAST($1 AS bytea) AS "key", CAST($2 AS timestamptz) AS "first", CAST($3 AS timestamptz) AS "latest") SELECT "wanted"."key", CAST((extract(epoch from "rate_limits"."full_at" - "wanted"."latest")) AS float8), EXISTS(SELECT "user_id" FROM "users"."known_devices" WHERE "known_devices"."key" = "wanted"."key" AND "known_devices"."expires_at" > $4) FROM "wanted" LEFT JOIN "users"."rate_limits" ON "rate_limits"."key" = "wanted"."key" AND "rate_limits"."full_at" > "wanted"."latest";

-- rate_limits::give_back
WITH "wanted" AS (SELECT CAST($1 AS bytea) AS "key", CAST($2 AS timestamptz) AS "first", CAST($3 AS timestamptz) AS "latest") , "found" AS (SELECT "key", "full_at" FROM "users"."rate_limits" WHERE "key" IN ($4) ORDER BY "key" ASC FOR UPDATE) UPDATE "users"."rate_limits" SET "full_at" = "rate_limits"."full_at" - ("wanted"."first" - CAST($5 AS timestamptz)) FROM "wanted", "found" WHERE "rate_limits"."key" = "found"."key" AND "wanted"."key" = "found"."key";

-- rate_limits::forget
WITH "found" AS (SELECT "key", "full_at" FROM "users"."rate_limits" WHERE "key" IN ($1) ORDER BY "key" ASC FOR UPDATE) DELETE FROM "users"."rate_limits" WHERE "key" IN (SELECT "key" FROM "found");

-- rate_limits::delete_full
WITH "piece" AS  MATERIALIZED (SELECT "key" FROM "users"."rate_limits" WHERE "key" > $1 ORDER BY "key" ASC LIMIT $2) , "gone" AS (DELETE FROM "users"."rate_limits" WHERE "key" > $3 AND "key" <= (SELECT "key" FROM "piece" ORDER BY "key" DESC LIMIT $4) AND "full_at" <= $5 RETURNING "key") SELECT "key" FROM "piece" ORDER BY "key" ASC LIMIT $6 OFFSET $7;

-- notices::tell
SELECT pg_notify($1, unnest(CAST($2 AS text[])));

-- notices::own_id
SELECT pg_backend_pid();

-- replicas::written
SELECT pg_current_wal_insert_lsn(), pg_walfile_name(pg_current_wal_insert_lsn());

-- replicas::replayed
SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn();

-- known_devices::remember
INSERT INTO "users"."known_devices" ("user_id", "key", "seen_at", "expires_at") VALUES ($1, $2, $3, $4);

-- known_devices::forget_all
DELETE FROM "users"."known_devices" WHERE "user_id" = $1;

-- quiet_mailboxes::quieten
INSERT INTO "users"."quiet_mailboxes" ("key", "until") VALUES ($1, $2) ON CONFLICT ("key") DO UPDATE SET "until" = "excluded"."until";

-- quiet_mailboxes::quiet_until
SELECT "until" FROM "users"."quiet_mailboxes" WHERE "key" = $1 AND "until" > $2;

-- leases::take
INSERT INTO "users"."leases" ("name", "holder", "until") VALUES ($1, $2, CURRENT_TIMESTAMP + (make_interval(secs => $3))) ON CONFLICT ("name") DO UPDATE SET "holder" = "excluded"."holder", "until" = "excluded"."until" WHERE "leases"."until" <= CURRENT_TIMESTAMP;

-- leases::renew
UPDATE "users"."leases" SET "until" = CURRENT_TIMESTAMP + (make_interval(secs => $1)) WHERE "name" = $2 AND "holder" = $3;

-- leases::done
UPDATE "users"."leases" SET "done_at" = CURRENT_TIMESTAMP WHERE "name" = $1 AND "holder" = $2;

-- leases::since_done
SELECT CAST((extract(epoch from CURRENT_TIMESTAMP - "done_at")) AS float8) FROM "users"."leases" WHERE "name" = $1;

-- outbox::owe
INSERT INTO "users"."outbox" ("id", "user_id", "kind", "trace_id", "created_at", "next_attempt_at", "recipient", "data") VALUES ($1, $2, $3, $4, $5, CURRENT_TIMESTAMP, $6, $7);

-- outbox::owe, for later
INSERT INTO "users"."outbox" ("id", "user_id", "kind", "trace_id", "created_at", "next_attempt_at", "recipient", "data") VALUES ($1, $2, $3, $4, $5, CURRENT_TIMESTAMP + (make_interval(secs => $6)), $7, $8);

-- outbox::claim
WITH "due" AS  MATERIALIZED (SELECT "user_id", "id" FROM "users"."outbox" WHERE "sent_at" IS NULL AND "given_up_at" IS NULL AND "next_attempt_at" <= CURRENT_TIMESTAMP + (make_interval(secs => $1)) AND "kind" = ANY($2) ORDER BY "next_attempt_at" ASC LIMIT $3 FOR UPDATE SKIP LOCKED) UPDATE "users"."outbox" SET "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $4)), "attempts" = "attempts" + $5 FROM "due", "users"."users" WHERE "outbox"."user_id" = "due"."user_id" AND "outbox"."id" = "due"."id" AND "users"."id" = "outbox"."user_id" RETURNING "outbox"."id", "outbox"."user_id", "outbox"."kind", "outbox"."recipient", "outbox"."data", "outbox"."trace_id", "outbox"."created_at", "outbox"."attempts", "users"."username", "users"."email", "users"."email_verified";

-- outbox::renew
UPDATE "users"."outbox" SET "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $1)) WHERE "user_id" = $2 AND "id" = $3 AND "attempts" = $4 AND "sent_at" IS NULL AND "given_up_at" IS NULL;

-- outbox::sent
UPDATE "users"."outbox" SET "sent_at" = $1, "given_up_at" = $2 WHERE "user_id" = $3 AND "id" = $4 AND "sent_at" IS NULL;

-- outbox::failed, to be tried again
UPDATE "users"."outbox" SET "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $1)), "last_error" = $2 WHERE "user_id" = $3 AND "id" = $4 AND "attempts" = $5 AND "sent_at" IS NULL AND "given_up_at" IS NULL;

-- outbox::failed, given up
UPDATE "users"."outbox" SET "given_up_at" = $1, "last_error" = $2 WHERE "user_id" = $3 AND "id" = $4 AND "attempts" = $5 AND "sent_at" IS NULL AND "given_up_at" IS NULL;

-- outbox::pending
SELECT COUNT("id"), MIN("created_at") FROM "users"."outbox" WHERE "sent_at" IS NULL AND "given_up_at" IS NULL AND "created_at" <= CURRENT_TIMESTAMP;
