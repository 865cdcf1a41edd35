-- sessions::is_outlived
SELECT "token_hash"
FROM (
  SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at"
  FROM "users"."refresh_tokens"
  WHERE "refresh_tokens"."session_id" = $1
  ORDER BY "created_at" DESC
  LIMIT $2
) AS "newest"
WHERE
  (NOT "revoked")
  AND "expires_at" > $3
  AND ("generation" IS NULL OR "generation" > $4);

-- sessions::token
SELECT "session_id", "expires_at", "revoked", "rotated_at", "sealed_successor"
FROM "users"."refresh_tokens"
WHERE "token_hash" = $1;
