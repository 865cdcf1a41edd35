-- Mailboxes whose owner said "This was not me": no mail about an account or address that never proved
-- itself goes there until then. `key` is a keyed hash: no address is stored.
create table users.quiet_mailboxes (
    key   bytea       not null,
    until timestamptz not null,
    constraint quiet_mailboxes_pkey primary key (key)
);

create index quiet_mailboxes_until_idx on users.quiet_mailboxes (until);

-- The link with which the new address keeps itself: then the old one can't undo the change any more.
alter table users.email_restorations add column keep_token_hash bytea;

create index email_restorations_keep_token_hash_idx on users.email_restorations (keep_token_hash)
    where keep_token_hash is not null;
