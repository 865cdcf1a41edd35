-- What rotation.sql begins with, for 32 clients.
with session as (
    insert into users.sessions (id, user_id)
    select md5((:round::text || ' ' || client))::uuid, id
    from generate_series(0, 31) as client join users.users on username = 'person' || client + 1
    returning id, user_id
)
insert into users.refresh_tokens (token_hash, user_id, session_id, expires_at)
select sha256((:round::text || ' ' || client || ' 0')::bytea), user_id, session.id, now() + interval '30 days'
from generate_series(0, 31) as client join session on session.id = md5((:round::text || ' ' || client))::uuid;
