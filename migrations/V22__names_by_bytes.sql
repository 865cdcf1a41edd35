-- Names and addresses are ASCII, and the same whatever their case. The indexes of V1 fold them by the database's locale,
-- under which two spellings of one name may be two (Turkish: `INFO` and `info`). These fold them as the service does. Those
-- of V1 stay for the release before this one.

do $$
declare
    ids text;
begin
    select string_agg(id::text, ', ' order by id) into ids
    from (
        select id, count(*) over (partition by lower(username collate "C")) as names,
               count(*) over (partition by lower(email collate "C")) as addresses
        from users.users
    ) as accounts
    where names > 1 or addresses > 1;
    if ids is not null then
        raise exception 'accounts have one username or e-mail address, which the locale of this database let pass: %', ids
            using hint = 'Give all but one of them another username or address, or delete them, then migrate again.';
    end if;
end $$;

create unique index users_email_bytes_key on users.users (lower(email collate "C"));
create unique index users_username_bytes_key on users.users (lower(username collate "C"));
