-- USER-INFRA-003.2: what people say about themselves. Existing rows start NULL.

alter table users.users
    add column display_name varchar(100),
    add column bio          varchar(300),
    add column avatar_url   text;
