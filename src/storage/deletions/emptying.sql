-- deletions::anonymise
UPDATE "users"."audit_log" SET
  "address" = $1, "device" = $2, "detail" = $3
WHERE
  "user_id" = $4
  AND "id" IN (
    SELECT "id"
    FROM "users"."audit_log"
    WHERE
      "user_id" = $5
      AND ("address" IS NOT NULL OR "device" IS NOT NULL OR "detail" IS NOT NULL)
    LIMIT $6
  );

-- deletions::delete
DELETE FROM "users"."users"
WHERE "id" = $1 AND "deletion_started_at" IS NOT NULL;
