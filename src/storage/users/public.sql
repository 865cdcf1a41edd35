-- users::visible
SELECT "id"
FROM "users"."users"
WHERE "id" = $1 AND "users"."delete_after" IS NULL;

-- users::people_by_ids
SELECT "id", "username", "display_name", "avatar_url"
FROM "users"."users"
WHERE "id" = ANY($1) AND "users"."delete_after" IS NULL;

-- users::person_by_username
SELECT "id", "username", "display_name", "avatar_url"
FROM "users"."users"
WHERE (lower("users"."username" collate "C")) = $1 AND "users"."delete_after" IS NULL;
