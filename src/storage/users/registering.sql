-- users::insert
INSERT INTO
  "users"."users" ("id", "username", "email", "password_hash", "created_at", "updated_at")
VALUES ($1, $2, $3, $4, $5, $6);

-- users::lock_lapsed
SELECT "users"."id"
FROM "users"."users"
WHERE
  (
    (lower("users"."email" collate "C")) = $1
    OR (lower("users"."username" collate "C")) = $2
  )
  AND (NOT "users"."email_verified")
  AND EXISTS (
    SELECT *
    FROM "users"."email_verifications"
    WHERE "email_verifications"."user_id" = "users"."id"
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
ORDER BY "users"."id" ASC
FOR UPDATE OF "users";

-- users::delete_unverified
DELETE FROM "users"."users"
WHERE "id" = $1 AND (NOT "email_verified");

-- users::email_exists
SELECT "id"
FROM "users"."users"
WHERE (lower("users"."email" collate "C")) = $1;
