-- exports::request
INSERT INTO "users"."exports" ("user_id", "requested_at", "next_attempt_at", "expires_at")
VALUES ($1, $2, CURRENT_TIMESTAMP, $3)
ON CONFLICT ("user_id") DO UPDATE SET
  "requested_at" = "excluded"."requested_at",
  "next_attempt_at" = "excluded"."next_attempt_at",
  "expires_at" = "excluded"."expires_at",
  "ready_at" = $4,
  "size" = $5
WHERE "exports"."ready_at" IS NOT NULL AND "exports"."requested_at" <= $6;

-- exports::of, an account
SELECT "requested_at", "ready_at", "expires_at", "size", "attempts"
FROM "users"."exports"
WHERE "user_id" = CAST($1 AS uuid) AND "expires_at" > $2;

-- exports::of, a session
SELECT "requested_at", "ready_at", "expires_at", "size", "attempts"
FROM "users"."exports"
WHERE
  "user_id" = (
    SELECT "web_sessions"."user_id"
    FROM "users"."web_sessions"
    INNER JOIN "users"."sessions" ON "sessions"."id" = "web_sessions"."session_id"
    WHERE
      "web_sessions"."id_hash" = $1
      AND "web_sessions"."expires_at" > $2
      AND "sessions"."ended_at" IS NULL
  )
  AND "expires_at" > $3;

-- exports::claim
WITH
"due" AS MATERIALIZED (
  SELECT "user_id"
  FROM "users"."exports"
  WHERE
    "ready_at" IS NULL
    AND "next_attempt_at" <= CURRENT_TIMESTAMP + (make_interval(secs => $1))
  ORDER BY "next_attempt_at" ASC
  LIMIT $2
  FOR UPDATE SKIP LOCKED
)
UPDATE "users"."exports" SET
  "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $3)),
  "attempts" = "exports"."attempts" + $4
FROM "due"
WHERE "exports"."user_id" = "due"."user_id"
RETURNING "exports"."user_id", "exports"."attempts";

-- exports::forget_others
DELETE FROM "users"."export_parts"
WHERE "user_id" = $1 AND "attempt" <> $2;

-- exports::add_part
WITH
"held" AS (
  UPDATE "users"."exports" SET
    "next_attempt_at" = CURRENT_TIMESTAMP + (make_interval(secs => $1))
  WHERE "user_id" = $2 AND "attempts" = $3 AND "ready_at" IS NULL
  RETURNING "user_id"
)
INSERT INTO "users"."export_parts" ("user_id", "attempt", "number", "bytes")
SELECT "user_id", CAST($4 AS integer), CAST($5 AS integer), CAST($6 AS bytea)
FROM "held";

-- exports::ready
UPDATE "users"."exports" SET
  "ready_at" = $1, "expires_at" = $2, "size" = $3
WHERE "user_id" = $4 AND "attempts" = $5 AND "ready_at" IS NULL;

-- exports::part
SELECT "bytes"
FROM "users"."export_parts"
WHERE "user_id" = $1 AND "attempt" = $2 AND "number" = $3;
