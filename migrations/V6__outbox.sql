-- Mails owed. A row is committed together with its cause; a worker delivers it.
-- `next_attempt_at` is also the claim: whoever takes the row moves it 30 s ahead,
-- so a dead worker's claim lapses by itself. No token is stored: the worker derives it.

create table users.outbox (
    id              uuid        not null,
    user_id         uuid        not null,
    kind            text        not null,
    trace_id        text,
    created_at      timestamptz not null default now(),
    next_attempt_at timestamptz not null default now(),
    attempts        integer     not null default 0,
    sent_at         timestamptz,
    given_up_at     timestamptz,
    last_error      text,
    constraint outbox_pkey primary key (user_id, id),
    constraint outbox_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade,
    constraint outbox_kind_check check (kind in ('verify_email'))
);

create index outbox_due_idx on users.outbox (next_attempt_at)
    where sent_at is null and given_up_at is null;
