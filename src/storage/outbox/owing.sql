-- outbox::owe
INSERT INTO
  "users"."outbox" (
    "id",
    "user_id",
    "kind",
    "trace_id",
    "created_at",
    "next_attempt_at",
    "recipient",
    "data"
  )
VALUES ($1, $2, $3, $4, $5, CURRENT_TIMESTAMP, $6, $7);

-- outbox::owe, for later
INSERT INTO
  "users"."outbox" (
    "id",
    "user_id",
    "kind",
    "trace_id",
    "created_at",
    "next_attempt_at",
    "recipient",
    "data"
  )
VALUES ($1, $2, $3, $4, $5, CURRENT_TIMESTAMP + (make_interval(secs => $6)), $7, $8);
