-- Suggestions walk the people who can be suggested, however many accounts nobody ever proved.

create index users_suggested_idx on users.users (id) where email_verified and delete_after is null;
