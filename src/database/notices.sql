-- notices::tell
SELECT pg_notify($1, unnest(CAST($2 AS text[])));

-- notices::own_id
SELECT pg_backend_pid();
