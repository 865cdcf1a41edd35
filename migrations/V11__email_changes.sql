-- Changes of an e-mail address: waiting for the new address to prove itself, and for a while open
-- to be undone by the old one. Only the SHA-256 of a link's token is stored.

-- At most one an account. `session_id` asked for it: when that session is ended by anything but
-- its own log-out, the change is void.
create table users.email_changes (
    user_id    uuid        not null,
    session_id uuid        not null,
    email      text        not null,
    token_hash bytea       not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint email_changes_pkey primary key (user_id),
    constraint email_changes_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

create index email_changes_token_hash_idx on users.email_changes (token_hash);
create index email_changes_expires_at_idx on users.email_changes (expires_at);

-- One row a change that was carried out: `email` is the address before it.
create table users.email_restorations (
    user_id    uuid        not null,
    token_hash bytea       not null,
    email      text        not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint email_restorations_pkey primary key (user_id, token_hash),
    constraint email_restorations_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

create index email_restorations_token_hash_idx on users.email_restorations (token_hash);
create index email_restorations_expires_at_idx on users.email_restorations (expires_at);
