-- USER-INFRA-004.2: who follows whom.
-- No cascade: taking an edge away must also take it out of the counts (V8),
-- so an account with edges can't be deleted behind the service's back.

create table users.follows (
    follower_id uuid        not null,
    followee_id uuid        not null,
    created_at  timestamptz not null default now(),
    constraint follows_pkey primary key (follower_id, followee_id),
    constraint follows_follower_id_fkey foreign key (follower_id) references users.users (id),
    constraint follows_followee_id_fkey foreign key (followee_id) references users.users (id),
    constraint follows_not_self check (follower_id <> followee_id)
);

-- The lists, newest first, walked by these indexes alone.
create index follows_followers_idx on users.follows (followee_id, created_at desc, follower_id desc);
create index follows_followees_idx on users.follows (follower_id, created_at desc, followee_id desc);
