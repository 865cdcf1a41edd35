-- sessions::lock_live_of
SELECT "id"
FROM "users"."sessions"
WHERE "user_id" = $1 AND "ended_at" IS NULL AND "id" <> $2
ORDER BY "id" ASC
FOR UPDATE;

-- sessions::end_all
UPDATE "users"."sessions" SET
  "ended_at" = $1, "end_reason" = $2
WHERE "id" = ANY($3) AND "ended_at" IS NULL;

-- sessions::revoke_all
WITH
"current" AS (
  UPDATE "users"."refresh_tokens" SET
    "revoked" = $1, "sealed_successor" = $2
  WHERE "session_id" = ANY($3) AND "rotated_at" IS NULL
)
UPDATE "users"."refresh_tokens" SET
  "revoked" = $4, "sealed_successor" = $5
WHERE "session_id" = ANY($6) AND "rotated_at" > $7;
