-- A session is one log-in on one device: the family of its refresh tokens, and
-- the browser sessions opened with it. Ending the session ends them all.

create table users.sessions (
    id         uuid        not null,
    user_id    uuid        not null,
    created_at timestamptz not null default now(),
    ended_at   timestamptz,
    end_reason text,
    constraint sessions_pkey primary key (id),
    constraint sessions_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade,
    constraint sessions_end_reason_check check (end_reason in ('logout', 'theft'))
);

create index sessions_user_id_idx on users.sessions (user_id);

-- Tokens issued before this step get a session each.
alter table users.refresh_tokens
    add column session_id       uuid,
    add column rotated_at       timestamptz,
    add column sealed_successor bytea;

update users.refresh_tokens set session_id = gen_random_uuid();

insert into users.sessions (id, user_id, created_at)
    select session_id, user_id, created_at from users.refresh_tokens;

alter table users.refresh_tokens
    alter column session_id set not null,
    add constraint refresh_tokens_session_id_fkey foreign key (session_id)
        references users.sessions (id) on delete cascade;

create index refresh_tokens_session_id_idx on users.refresh_tokens (session_id);

-- The store of tower-sessions: one row a browser session, keyed by the SHA-256 of the cookie.
create table users.web_sessions (
    id_hash    bytea       not null,
    user_id    uuid        not null,
    session_id uuid        not null,
    data       jsonb       not null,
    expires_at timestamptz not null,
    constraint web_sessions_pkey primary key (user_id, id_hash),
    constraint web_sessions_session_id_fkey foreign key (session_id)
        references users.sessions (id) on delete cascade
);

create unique index web_sessions_id_hash_key on users.web_sessions (id_hash);
create index web_sessions_session_id_idx on users.web_sessions (session_id);
create index web_sessions_expires_at_idx on users.web_sessions (expires_at);

-- What happened to an account. Append-only; outlives the account it speaks of.
create table users.audit_log (
    id         uuid        not null,
    user_id    uuid        not null,
    session_id uuid,
    event      text        not null,
    trace_id   text,
    created_at timestamptz not null default now(),
    constraint audit_log_pkey primary key (user_id, id)
);
