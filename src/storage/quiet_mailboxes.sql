-- quiet_mailboxes::quieten
INSERT INTO "users"."quiet_mailboxes" ("key", "until")
VALUES ($1, $2)
ON CONFLICT ("key") DO UPDATE SET
  "until" = "excluded"."until";

-- quiet_mailboxes::quiet_until
SELECT "until"
FROM "users"."quiet_mailboxes"
WHERE "key" = $1 AND "until" > $2;
