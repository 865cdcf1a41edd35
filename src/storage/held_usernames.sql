-- held_usernames::hold
INSERT INTO "users"."held_usernames" ("username", "user_id", "held_until")
VALUES ($1, $2, $3)
ON CONFLICT ("username") DO UPDATE SET
  "user_id" = "excluded"."user_id", "held_until" = "excluded"."held_until";

-- held_usernames::held_from
SELECT "username"
FROM "users"."held_usernames"
WHERE
  "username" = $1
  AND "held_until" > $2
  AND ("user_id" IS NULL OR "user_id" <> $3);

-- held_usernames::successor
SELECT "users"."username"
FROM "users"."held_usernames"
INNER JOIN "users"."users" ON "users"."id" = "held_usernames"."user_id"
WHERE
  "held_usernames"."username" = $1
  AND "held_usernames"."held_until" > $2
  AND "users"."delete_after" IS NULL;
