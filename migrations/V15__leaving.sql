-- Leaving: a copy of everything about an account, its deletion after a window, and the indexes
-- that forgetting what has run out walks.

-- `delete_after` ends the window in which logging in keeps the account. The deletion may take
-- many transactions: once `deletion_started_at` is set nothing brings the account back.
alter table users.users
    add column delete_after        timestamptz,
    add column deletion_started_at timestamptz;

create index users_delete_after_idx on users.users (delete_after) where delete_after is not null;

-- One copy an account. `next_attempt_at` is also the claim of who makes it, as in the outbox.
create table users.exports (
    user_id         uuid        not null,
    requested_at    timestamptz not null,
    next_attempt_at timestamptz not null,
    attempts        integer     not null default 0,
    ready_at        timestamptz,
    expires_at      timestamptz not null,
    size            bigint      not null default 0,
    constraint exports_pkey primary key (user_id),
    constraint exports_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

create index exports_due_idx on users.exports (next_attempt_at) where ready_at is null;
create index exports_expires_at_idx on users.exports (expires_at);

-- The zip in pieces, in the database since that is what all replicas share. `attempt` tells the
-- pieces of one making from those of another that was cut off.
create table users.export_parts (
    user_id uuid    not null,
    attempt integer not null,
    number  integer not null,
    bytes   bytea   not null,
    constraint export_parts_pkey primary key (user_id, attempt, number),
    constraint export_parts_user_id_fkey foreign key (user_id)
        references users.exports (user_id) on delete cascade
);

-- The pieces are compressed already.
alter table users.export_parts alter column bytes set storage external;

create index email_verifications_expires_at_idx on users.email_verifications (expires_at);
create index refresh_tokens_expires_at_idx on users.refresh_tokens (expires_at);
create index sessions_last_seen_at_idx on users.sessions (last_seen_at) where ended_at is null;
create index outbox_finished_idx on users.outbox (created_at)
    where sent_at is not null or given_up_at is not null;
