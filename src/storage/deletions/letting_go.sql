-- deletions::let_go
UPDATE "users"."users" SET
  "username" = CAST("users"."id" AS text),
  "email" = ' ' || CAST("users"."id" AS text),
  "delete_after" = $1,
  "deletion_started_at" = $2
WHERE "users"."id" = $3 AND (NOT "users"."email_verified");

-- deletions::let_go_unproven
WITH
"due" AS MATERIALIZED (
  SELECT "users"."id"
  FROM "users"."email_verifications"
  INNER JOIN "users"."users" ON "email_verifications"."user_id" = "users"."id"
  WHERE
    "email_verifications"."expires_at" <= $1
    AND (NOT "users"."email_verified")
    AND "users"."delete_after" IS NULL
    AND (
      NOT EXISTS (SELECT * FROM "users"."sessions" WHERE "sessions"."user_id" = "users"."id")
    )
    AND (
      NOT EXISTS (
        SELECT *
        FROM "users"."audit_log"
        WHERE "audit_log"."user_id" = "users"."id"
          AND "audit_log"."event" = $2
      )
    )
    AND (
      NOT EXISTS (
        SELECT *
        FROM "users"."email_verifications"
        WHERE
          "email_verifications"."user_id" = "users"."id"
          AND "email_verifications"."expires_at" > $3
      )
    )
    AND (
      NOT EXISTS (
        SELECT *
        FROM "users"."outbox"
        WHERE
          "outbox"."user_id" = "users"."id"
          AND "outbox"."sent_at" IS NULL
          AND "outbox"."given_up_at" IS NULL
      )
    )
  LIMIT $4
  FOR UPDATE OF "users" SKIP LOCKED
)
UPDATE "users"."users" SET
  "username" = CAST("users"."id" AS text),
  "email" = ' ' || CAST("users"."id" AS text),
  "delete_after" = $5,
  "deletion_started_at" = $6
FROM "due"
WHERE "users"."id" = "due"."id" AND (NOT "users"."email_verified")
RETURNING "users"."id";
