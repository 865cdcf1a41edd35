-- email_verifications::issue
INSERT INTO
  "users"."email_verifications" ("token_hash", "user_id", "expires_at", "created_at", "email")
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ("user_id", "token_hash") DO UPDATE SET
  "expires_at" = "excluded"."expires_at"
WHERE "email_verifications"."used_at" IS NULL;

-- email_verifications::mark_used
UPDATE "users"."email_verifications" SET
  "used_at" = $1
WHERE "token_hash" = $2;

-- email_verifications::delete_unused
DELETE FROM "users"."email_verifications"
WHERE "user_id" = $1 AND "used_at" IS NULL;
