-- How many follow a person, and how many that person follows: always the number of
-- edges, since both change in one statement. Sixteen slots a person keep a celebrity's
-- row from becoming hot; the sum over the slots is the count.

create table users.follow_counts (
    user_id   uuid     not null,
    slot      smallint not null,
    followers bigint   not null default 0,
    followees bigint   not null default 0,
    constraint follow_counts_pkey primary key (user_id, slot),
    constraint follow_counts_user_id_fkey foreign key (user_id)
        references users.users (id) on delete cascade
);

-- The edges there are already. The slot of a follower is the low half of the last byte of
-- its id (as in `domain::follow::slot`); a person's own `followees` are kept in slot 0.
insert into users.follow_counts (user_id, slot, followers, followees)
select user_id, slot, sum(followers), sum(followees)
from (
    select followee_id as user_id,
           (get_byte(uuid_send(follower_id), 15) & 15)::smallint as slot,
           1 as followers,
           0 as followees
    from users.follows
    union all
    select follower_id, 0::smallint, 0, 1
    from users.follows
) as edges
group by user_id, slot;
