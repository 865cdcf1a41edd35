-- outbox::claim
WITH
"due" AS MATERIALIZED (
  SELECT "user_id", "id"
  FROM "users"."outbox"
  WHERE
    "sent_at" IS NULL
    AND "given_up_at" IS NULL
    AND "next_attempt_at" <= CURRENT_TIMESTAMP + (make_interval(secs => $1))
    AND "kind" = ANY($2)
  ORDER BY "next_attempt_at" ASC
  LIMIT $3
  FOR UPDATE SKIP LOCKED
)
UPDATE "users"."outbox" SET
  "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $4)),
  "attempts" = "attempts" + $5
FROM "due", "users"."users"
WHERE
  "outbox"."user_id" = "due"."user_id"
  AND "outbox"."id" = "due"."id"
  AND "users"."id" = "outbox"."user_id"
RETURNING
  "outbox"."id",
  "outbox"."user_id",
  "outbox"."kind",
  "outbox"."recipient",
  "outbox"."data",
  "outbox"."trace_id",
  "outbox"."created_at",
  "outbox"."attempts",
  "users"."username",
  "users"."email",
  "users"."email_verified";

-- outbox::pending
SELECT COUNT("id"), MIN("created_at")
FROM "users"."outbox"
WHERE
  "sent_at" IS NULL
  AND "given_up_at" IS NULL
  AND "created_at" <= CURRENT_TIMESTAMP;
