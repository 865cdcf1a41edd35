-- How much of each limit is used up, shared by all replicas, and the devices that an account is
-- known on.

-- A row a bucket (GCRA, the generic cell rate algorithm): `full_at` is when the bucket will be
-- full again; until then the distance to now says how much was taken. `key` is a keyed hash of
-- what is limited: no address is stored. Unlogged: a row is worth some minutes, and taking from a
-- bucket waits for no disk. After a crash or on a new leader all buckets are full again.
-- No index on `full_at`, so that an update stays within its page (HOT).
create unlogged table users.rate_limits (
    key     bytea       not null,
    full_at timestamptz not null,
    constraint rate_limits_pkey primary key (key)
) with (fillfactor = 50);

-- Where the owner of an account logged in: a browser by the secret in its cookie, or a network.
-- `key` is a hash of both the account's address and the device.
create table users.known_devices (
    user_id    uuid        not null,
    key        bytea       not null,
    seen_at    timestamptz not null,
    expires_at timestamptz not null,
    constraint known_devices_pkey primary key (user_id, key),
    constraint known_devices_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

create index known_devices_key_idx on users.known_devices (key);
create index known_devices_expires_at_idx on users.known_devices (expires_at);
