-- Names that were given up and are kept from others for a while.

-- `user_id` may take its name back, and `/@name` leads there; null: the account is gone.
-- The key is the name alone: a name is held for one at most. Whoever gives a name up while an
-- older hold of it has run out takes the row over.
create table users.held_usernames (
    username   text        not null,
    user_id    uuid,
    held_until timestamptz not null,
    constraint held_usernames_pkey primary key (username),
    constraint held_usernames_lower_check check (username = lower(username)),
    constraint held_usernames_user_id_fkey foreign key (user_id)
        references users.users (id) on delete set null
);

create index held_usernames_user_id_idx on users.held_usernames (user_id);
create index held_usernames_held_until_idx on users.held_usernames (held_until);

alter table users.users add column username_changed_at timestamptz;
