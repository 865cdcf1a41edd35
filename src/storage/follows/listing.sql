-- follows::page, by number
SELECT "follower_id", "created_at"
FROM "users"."follows"
WHERE
  "followee_id" = $1
  AND EXISTS (
    SELECT "id"
    FROM "users"."users"
    WHERE "id" = $2
      AND "users"."delete_after" IS NULL
  )
ORDER BY "created_at" DESC, "follower_id" DESC
LIMIT $3 OFFSET $4;

-- follows::page, by cursor
SELECT "followee_id", "created_at"
FROM "users"."follows"
WHERE
  "follower_id" = $1
  AND ("created_at", "followee_id") < ($2, $3)
  AND EXISTS (
    SELECT "id"
    FROM "users"."users"
    WHERE "id" = $4
      AND "users"."delete_after" IS NULL
  )
ORDER BY "created_at" DESC, "followee_id" DESC
LIMIT $5;
