-- leases::take
INSERT INTO "users"."leases" ("name", "holder", "until")
VALUES ($1, $2, CURRENT_TIMESTAMP + (make_interval(secs => $3)))
ON CONFLICT ("name") DO UPDATE SET
  "holder" = "excluded"."holder", "until" = "excluded"."until"
WHERE "leases"."until" <= CURRENT_TIMESTAMP;

-- leases::renew
UPDATE "users"."leases" SET
  "until" = CURRENT_TIMESTAMP + (make_interval(secs => $1))
WHERE "name" = $2 AND "holder" = $3;

-- leases::done
UPDATE "users"."leases" SET
  "done_at" = CURRENT_TIMESTAMP
WHERE "name" = $1 AND "holder" = $2;

-- leases::since_done
SELECT CAST((extract(epoch from CURRENT_TIMESTAMP - "done_at")) AS float8)
FROM "users"."leases"
WHERE "name" = $1;
