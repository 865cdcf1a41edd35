-- What people leave behind beside profiles and follows, for the plans of all statements: beside the world of benches/world.sql,
-- so much of everything, in the order of time, that the planner chooses as it does for a service that is used.
set session_replication_role = replica;

insert into users.sessions (id, user_id, created_at, last_seen_at, ended_at, end_reason)
select gen_random_uuid(), id, now() - age, now() - age / 2, case when n = 2 then now() - age / 3 end,
       case when n = 2 then 'logout' end
from users.users, generate_series(1, 2) as n, lateral (select random() * interval '60 days' as age where id is not null) as ages
order by age desc;

insert into users.refresh_tokens (token_hash, user_id, session_id, created_at, expires_at, revoked, rotated_at, generation)
select sha256(uuid_send(gen_random_uuid())), user_id, id, last_seen_at, last_seen_at + interval '30 days', n > 1,
       case when n > 1 then last_seen_at - n * interval '15 minutes' end, 3 - n
from users.sessions, generate_series(1, 3) as n
order by last_seen_at;

insert into users.web_sessions (id_hash, user_id, session_id, data, expires_at)
select sha256(uuid_send(id)), user_id, id, '{"username": "somebody", "access_token": "sealed"}', now() + random() * interval '15 minutes'
from users.sessions where ended_at is null;

insert into users.audit_log (id, user_id, session_id, event, created_at, address, device)
select gen_random_uuid(), user_id, id, case n when 1 then 'logged_in' else 'reauthenticated' end, created_at + n * interval '1 minute',
       '203.0.113.0/24', 'Firefox on Windows ' || n
from users.sessions, generate_series(1, 2) as n
order by created_at;

insert into users.outbox (id, user_id, kind, created_at, next_attempt_at, sent_at)
select gen_random_uuid(), user_id, 'verify_email', created_at, created_at, case when random() < 0.99 then created_at end
from users.sessions
order by created_at;

insert into users.email_verifications (token_hash, user_id, expires_at, used_at, email)
select sha256(uuid_send(id)), id, now() + random() * interval '1 day', now(), email from users.users;

insert into users.known_devices (user_id, key, seen_at, expires_at)
select user_id, sha256(uuid_send(id)), now(), now() + random() * interval '365 days' from users.sessions;

insert into users.quiet_mailboxes (key, until)
select sha256(uuid_send(id)), now() + random() * interval '7 days' from users.users;

insert into users.rate_limits (key, full_at)
select sha256(uuid_send(id)), now() + random() * interval '15 minutes' from users.users;

insert into users.avatars (user_id, name, created_at)
select id, id || '.jpg', now() from users.users where username like '%3';

insert into users.password_resets (token_hash, user_id, email, password_digest, expires_at)
select sha256(uuid_send(id)), id, email, '\x00', now() + random() * interval '1 hour' from users.users where username like '%4';

-- Worked down within a second.
insert into users.password_reset_requests (id, email)
select gen_random_uuid(), email from users.users limit 10;

insert into users.email_changes (user_id, session_id, email, token_hash, created_at, expires_at)
select user_id, id, id || '@example.org', sha256(uuid_send(id)), now(), now() + random() * interval '1 day'
from users.sessions where ended_at is null and user_id in (select id from users.users where username like '%6');

insert into users.email_restorations (user_id, token_hash, keep_token_hash, email, created_at, expires_at)
select id, sha256(uuid_send(id)), sha256(uuid_send(id)), email, now(), now() + random() * interval '72 hours' from users.users where username like '%7';

insert into users.held_usernames (username, user_id, held_until)
select 'former' || username, id, now() + random() * interval '30 days' from users.users where username like '%8';

insert into users.exports (user_id, requested_at, next_attempt_at, ready_at, expires_at)
select id, now(), now() + case when random() < 0.5 then interval '1 minute' else interval '0' end,
       case when random() < 0.99 then now() end, now() + random() * interval '7 days'
from users.users where username like '%99';

insert into users.export_parts (user_id, attempt, number, bytes)
select user_id, 1, n, '\x00' from users.exports, generate_series(1, 2) as n;

update users.users set delete_after = now() + random() * interval '14 days' where username like '%77';

vacuum analyze;

reset all;
