-- audit::append
INSERT INTO
  "users"."audit_log" (
    "id",
    "user_id",
    "session_id",
    "event",
    "trace_id",
    "created_at",
    "address",
    "device",
    "detail"
  )
VALUES (
  CAST($1 AS uuid),
  CAST($2 AS uuid),
  CAST($3 AS uuid),
  CAST($4 AS text),
  CAST($5 AS text),
  CAST($6 AS timestamptz),
  CAST($7 AS text),
  CAST($8 AS text),
  CAST($9 AS text)
);
