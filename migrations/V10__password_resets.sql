-- Links that set a new password, who asked for one, and the address that a link proves.

-- One row a link. Only the SHA-256 of its token is stored. It is good for as long as the account
-- has the address that it was sent to and the password that it had then.
create table users.password_resets (
    token_hash      bytea       not null,
    user_id         uuid        not null,
    email           text        not null,
    password_digest bytea       not null,
    expires_at      timestamptz not null,
    used_at         timestamptz,
    created_at      timestamptz not null default now(),
    constraint password_resets_pkey primary key (user_id, token_hash),
    constraint password_resets_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

create index password_resets_token_hash_idx on users.password_resets (token_hash);
create index password_resets_expires_at_idx on users.password_resets (expires_at);

-- Wishes for such a link, as they were typed: nobody has looked yet whether there is such an account.
-- The worker takes them within a second.
create table users.password_reset_requests (
    id         uuid        not null,
    email      text        not null,
    trace_id   text,
    address    text,
    device     text,
    created_at timestamptz not null default now(),
    constraint password_reset_requests_pkey primary key (id)
);

-- A link proves the address that it was sent to, and no other. Older links say nothing of it.
alter table users.email_verifications
    add column email text;
