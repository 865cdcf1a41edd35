-- A session with a refresh token for each of :people, as if they had logged in now; person n's token is the SHA-256 of
-- "refresh n" in base64url. For the world of world.sql.

create temporary table tokens as
select id as user_id, md5('session ' || n)::uuid as session_id,
       rtrim(translate(encode(sha256(convert_to('refresh ' || n, 'UTF8')), 'base64'), '+/', '-_'), '=') as token
from generate_series(1, :people) as n
join users.users on username = 'person' || n;

insert into users.sessions (id, user_id, authenticated_at)
select session_id, user_id, now() from tokens;

insert into users.refresh_tokens (token_hash, user_id, session_id, expires_at)
select sha256(convert_to(token, 'UTF8')), user_id, session_id, now() + interval '30 days' from tokens;

vacuum analyze users.sessions, users.refresh_tokens;
