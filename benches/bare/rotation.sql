-- A refresh token is spent for its successor: what `sessions::rotate` does, of a session of each client's own.
\set next :turn + 1
with live as (
    select s.id from users.sessions s join users.refresh_tokens t on t.session_id = s.id
    where t.token_hash = sha256((:round::text || ' ' || :client_id::text || ' ' || :turn::text)::bytea) and not t.revoked
      and s.ended_at is null and s.created_at > '2020-01-01'
    for no key update of s
), spent as (
    update users.refresh_tokens t
    set revoked = true, rotated_at = now(), sealed_successor = sha512('sealed')
    from live
    where t.session_id = live.id and t.token_hash = sha256((:round::text || ' ' || :client_id::text || ' ' || :turn::text)::bytea)
      and not t.revoked and t.expires_at > now()
    returning t.user_id, t.session_id
), fresh as (
    insert into users.refresh_tokens (token_hash, user_id, session_id, expires_at, created_at)
    select sha256((:round::text || ' ' || :client_id::text || ' ' || :next::text)::bytea), user_id, session_id, now() + interval '30 days', now()
    from spent
    returning user_id, session_id
), seen as (
    update users.sessions s set last_seen_at = now(), address = '10.0.0.0/24', user_agent = 'wrk'
    from spent where s.id = spent.session_id
)
select fresh.session_id, u.id, u.email, u.roles from fresh join users.users u on u.id = fresh.user_id;
\set turn :next
