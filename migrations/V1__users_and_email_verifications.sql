-- USER-INFRA-001.2: accounts, and the links that prove an e-mail address.
-- The schema itself is made by `users-service migrate` before the first file runs,
-- so that a role with rights on an existing schema alone can migrate.

create table users.users (
    id             uuid        not null default gen_random_uuid(),
    username       text        not null,
    email          text        not null,
    password_hash  text        not null,
    email_verified boolean     not null default false,
    roles          text[]      not null default '{user}',
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    constraint users_pkey primary key (id)
);

-- Uniqueness is case-insensitive, what people typed is kept.
create unique index users_email_key on users.users (lower(email));
create unique index users_username_key on users.users (lower(username));

-- One row a link. Only the SHA-256 of the token is stored.
create table users.email_verifications (
    token_hash bytea       not null,
    user_id    uuid        not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    created_at timestamptz not null default now(),
    constraint email_verifications_pkey primary key (user_id, token_hash),
    constraint email_verifications_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

create index email_verifications_token_hash_idx on users.email_verifications (token_hash);
