-- sessions::open
WITH
"account" AS (
  SELECT "id"
  FROM "users"."users"
  WHERE "id" = $1 AND "password_hash" = $2 AND "users"."delete_after" IS NULL
  FOR SHARE
),
"session" AS (
  INSERT INTO
    "users"."sessions" (
      "id",
      "user_id",
      "created_at",
      "last_seen_at",
      "authenticated_at",
      "address",
      "user_agent"
    )
  SELECT
    CAST($3 AS uuid),
    "id",
    CAST($4 AS timestamptz),
    CAST($5 AS timestamptz),
    CAST($6 AS timestamptz),
    CAST($7 AS text),
    CAST($8 AS text)
  FROM "account"
  RETURNING "id", "user_id"
),
"noted" AS (
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
  SELECT
    CAST($9 AS uuid),
    CAST($10 AS uuid),
    CAST($11 AS uuid),
    CAST($12 AS text),
    CAST($13 AS text),
    CAST($14 AS timestamptz),
    CAST($15 AS text),
    CAST($16 AS text),
    CAST($17 AS text)
  FROM "session"
),
"owed" AS (
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
  SELECT
    CAST($18 AS uuid),
    CAST($19 AS uuid),
    CAST($20 AS text),
    CAST($21 AS text),
    CAST($22 AS timestamptz),
    CURRENT_TIMESTAMP,
    CAST($23 AS text),
    CAST($24 AS jsonb)
  FROM "session"
  WHERE
    EXISTS (SELECT * FROM "users"."sessions" WHERE "user_id" = $25)
    AND (
      (
        NOT EXISTS (
          SELECT *
          FROM "users"."audit_log"
          WHERE
            "user_id" = $26
            AND "event" = 'logged_in'
            AND "device" = $27
            AND "created_at" > $28
        )
      )
      OR (
        NOT EXISTS (
          SELECT "key"
          FROM "users"."known_devices"
          WHERE "user_id" = $29
            AND "key" IN ($30) AND "expires_at" > $31
        )
      )
    )
  ON CONFLICT DO NOTHING
),
"known" AS (
  INSERT INTO "users"."known_devices" ("user_id", "key", "seen_at", "expires_at")
  SELECT
    "session"."user_id",
    "place"."key",
    CAST($32 AS timestamptz),
    "place"."expires_at"
  FROM
    "session",
    (SELECT CAST($33 AS bytea) AS "key", CAST($34 AS timestamptz) AS "expires_at") AS "place"
  WHERE
    NOT EXISTS (
      SELECT "key"
      FROM "users"."known_devices"
      WHERE
        "known_devices"."user_id" = "session"."user_id"
        AND "known_devices"."key" = "place"."key"
        AND "known_devices"."seen_at" >= $35
    )
  ON CONFLICT ("user_id", "key") DO UPDATE SET
    "seen_at" = "excluded"."seen_at", "expires_at" = "excluded"."expires_at"
),
"too_many" AS MATERIALIZED (
  SELECT "id"
  FROM "users"."sessions"
  WHERE "user_id" = $36 AND "ended_at" IS NULL
  ORDER BY "last_seen_at" DESC, "id" DESC
  LIMIT $37 OFFSET $38
),
"surplus" AS MATERIALIZED (
  SELECT "id"
  FROM "users"."sessions"
  WHERE
    "id" IN (SELECT "id" FROM "too_many")
    AND "ended_at" IS NULL
    AND EXISTS (SELECT * FROM "session")
  FOR UPDATE OF "sessions" SKIP LOCKED
),
"ended" AS (
  UPDATE "users"."sessions" SET
    "ended_at" = $39, "end_reason" = $40
  WHERE "id" IN (SELECT "id" FROM "surplus")
  RETURNING "id"
),
"revoked" AS (
  UPDATE "users"."refresh_tokens" SET
    "revoked" = $41
  WHERE
    "token_hash" IN (
      SELECT "token"."token_hash"
      FROM "ended"
      INNER JOIN
        LATERAL (
          SELECT "token_hash", "generation", "expires_at", "revoked", "rotated_at"
          FROM "users"."refresh_tokens"
          WHERE "refresh_tokens"."session_id" = "ended"."id"
          ORDER BY "created_at" DESC
          LIMIT $42
        ) AS "token" ON NOT "token"."revoked"
    )
),
"left" AS (
  DELETE FROM "users"."web_sessions"
  WHERE "session_id" IN (SELECT "id" FROM "ended")
),
"any_ended" AS (SELECT "id" FROM "ended" LIMIT $43),
"noted_end" AS (
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
  SELECT
    CAST($44 AS uuid),
    CAST($45 AS uuid),
    CAST($46 AS uuid),
    CAST($47 AS text),
    CAST($48 AS text),
    CAST($49 AS timestamptz),
    CAST($50 AS text),
    CAST($51 AS text),
    CAST($52 AS text)
  FROM "any_ended"
)
INSERT INTO
  "users"."refresh_tokens" (
    "token_hash",
    "user_id",
    "session_id",
    "expires_at",
    "created_at",
    "generation"
  )
SELECT
  CAST($53 AS bytea),
  "user_id",
  "id",
  CAST($54 AS timestamptz),
  CAST($55 AS timestamptz),
  CAST($56 AS integer)
FROM "session";
