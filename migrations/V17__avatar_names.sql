-- The sweeper of the store of pictures asks by name who has them.

create index avatars_name_idx on users.avatars (name);
