-- The pictures this service issued, and to whom.

create table users.avatars (
    user_id    uuid        not null,
    name       text        not null,
    created_at timestamptz not null default now(),
    constraint avatars_pkey primary key (user_id, name),
    constraint avatars_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);
