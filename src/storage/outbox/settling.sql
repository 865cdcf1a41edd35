-- outbox::renew
UPDATE "users"."outbox" SET
  "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $1))
WHERE
  "user_id" = $2
  AND "id" = $3
  AND "attempts" = $4
  AND "sent_at" IS NULL
  AND "given_up_at" IS NULL;

-- outbox::sent
UPDATE "users"."outbox" SET
  "sent_at" = $1, "given_up_at" = $2
WHERE "user_id" = $3 AND "id" = $4 AND "sent_at" IS NULL;

-- outbox::failed, to be tried again
UPDATE "users"."outbox" SET
  "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $1)),
  "last_error" = $2
WHERE
  "user_id" = $3
  AND "id" = $4
  AND "attempts" = $5
  AND "sent_at" IS NULL
  AND "given_up_at" IS NULL;

-- outbox::failed, given up
UPDATE "users"."outbox" SET
  "given_up_at" = $1, "last_error" = $2
WHERE
  "user_id" = $3
  AND "id" = $4
  AND "attempts" = $5
  AND "sent_at" IS NULL
  AND "given_up_at" IS NULL;
