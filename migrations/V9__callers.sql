-- Where a session is used and when its password was last entered, where an event came from,
-- and mails of other kinds than the first.

alter table users.sessions
    add column last_seen_at     timestamptz not null default now(),
    add column address          text,
    add column user_agent       text,
    add column authenticated_at timestamptz,
    drop constraint sessions_end_reason_check;

-- Sessions that are open now have to enter their password before anything sensitive.
alter table users.sessions alter column authenticated_at set default now();
update users.sessions set last_seen_at = created_at;

-- `address` is a network, `device` a browser and its system in words; `detail` is safe to show.
alter table users.audit_log
    add column address text,
    add column device  text,
    add column detail  text;

create index audit_log_created_at_idx on users.audit_log (created_at);

-- A mail may go to another address than the account's, and may have more to say.
alter table users.outbox
    add column recipient text,
    add column data      jsonb,
    drop constraint outbox_kind_check;
