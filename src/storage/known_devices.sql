-- known_devices::remember
INSERT INTO "users"."known_devices" ("user_id", "key", "seen_at", "expires_at")
VALUES ($1, $2, $3, $4);

-- known_devices::forget_all
DELETE FROM "users"."known_devices"
WHERE "user_id" = $1;
