-- sessions::is_outlived
SELECT "token_hash"
FROM "users"."refresh_tokens"
WHERE
  "session_id" = $1
  AND "rotated_at" IS NULL
  AND (NOT "revoked")
  AND "expires_at" > $2
  AND ("generation" IS NULL OR "generation" > $3);

-- sessions::token
SELECT "session_id", "expires_at", "revoked", "rotated_at", "sealed_successor"
FROM "users"."refresh_tokens"
WHERE "token_hash" = $1;
