-- USER-INFRA-002.2: refresh tokens. Only the SHA-256 of a token is stored.

create table users.refresh_tokens (
    token_hash bytea       not null,
    user_id    uuid        not null,
    expires_at timestamptz not null,
    revoked    boolean     not null default false,
    created_at timestamptz not null default now(),
    constraint refresh_tokens_pkey primary key (user_id, token_hash),
    constraint refresh_tokens_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

create unique index refresh_tokens_token_hash_key on users.refresh_tokens (token_hash);
