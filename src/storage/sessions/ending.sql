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
UPDATE "users"."refresh_tokens" SET
  "revoked" = $1, "sealed_successor" = $2
WHERE
  "token_hash" IN (
    SELECT "token"."token_hash"
    FROM "users"."sessions"
    INNER JOIN
      LATERAL (
        SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at"
        FROM "users"."refresh_tokens"
        WHERE "refresh_tokens"."session_id" = "sessions"."id"
        ORDER BY "created_at" DESC
        LIMIT $3
      ) AS "token" ON (NOT "token"."revoked")
      OR "token"."rotated_at" > $4
    WHERE "sessions"."id" = ANY($5)
  );
