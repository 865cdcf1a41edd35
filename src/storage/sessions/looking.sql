-- sessions::live
SELECT "sessions"."id", "users"."id", "users"."email", "users"."roles"
FROM "users"."sessions"
INNER JOIN "users"."users" ON "users"."id" = "sessions"."user_id"
WHERE
  "sessions"."id" = $1
  AND "sessions"."ended_at" IS NULL
  AND "sessions"."created_at" > $2;

-- sessions::hold
SELECT "id"
FROM "users"."sessions"
WHERE "id" = $1 AND "ended_at" IS NULL
FOR KEY SHARE;

-- sessions::lock_live
SELECT "sessions"."id", "users"."id", "users"."email", "users"."roles"
FROM "users"."sessions"
INNER JOIN "users"."users" ON "users"."id" = "sessions"."user_id"
WHERE "sessions"."id" = $1 AND "sessions"."ended_at" IS NULL
FOR UPDATE OF "sessions";

-- sessions::last_place
SELECT "address", "user_agent"
FROM "users"."sessions"
WHERE "id" = $1;

-- sessions::authenticated_at
SELECT "authenticated_at"
FROM "users"."sessions"
WHERE "id" = $1 AND "ended_at" IS NULL;

-- sessions::authenticate
UPDATE "users"."sessions" SET
  "authenticated_at" = $1
FROM "users"."users"
WHERE
  "sessions"."id" = $2
  AND "sessions"."ended_at" IS NULL
  AND "sessions"."user_id" = "users"."id"
  AND "users"."id" = $3
  AND "users"."password_hash" = $4;
