-- avatars::lock_owner
SELECT "id"
FROM "users"."users"
WHERE "id" = $1 AND "users"."delete_after" IS NULL
FOR NO KEY UPDATE;

-- avatars::issue
INSERT INTO "users"."avatars" ("user_id", "name", "created_at")
VALUES ($1, $2, $3);

-- avatars::issued
SELECT "name"
FROM "users"."avatars"
WHERE "user_id" = $1
ORDER BY "created_at" DESC;

-- avatars::forget
DELETE FROM "users"."avatars"
WHERE "user_id" = $1 AND "name" = ANY($2);

-- avatars::named
SELECT "name"
FROM "users"."avatars"
WHERE "name" = ANY($1);
