-- A world of :people people and of one celebrity whom all of them follow; each follows 19 others beside. The same each time.
--
-- For a database without people after `users-service migrate`, as a superuser: psql -v people=100000 -f benches/world.sql
-- At least 1,000; a million people are 20 million follows. Statements end with `;` and an empty line, and `:people` is the
-- only variable, so that a test can run them one by one without psql.
--
-- Person 0 is `celebrity`, the others are `person1` and so on: the earlier, the more followers, person n about
-- 9.5 * sqrt(people / n). Everybody's password is "correct horse battery".

-- Keys are checked when they are made anew below, and not once a row.
set session_replication_role = replica;
set synchronous_commit = off;
set maintenance_work_mem = '512MB';
set work_mem = '256MB';

-- Person n joined in minute n, and has a UUIDv7 of that moment.
create temporary table people as
select n, case n when 0 then 'celebrity' else 'person' || n end as username, joined,
       (lpad(to_hex((extract(epoch from joined) * 1000)::bigint), 12, '0') || '7' || substr(digits, 1, 3)
           || '8' || substr(digits, 4, 15))::uuid as id
from generate_series(0::bigint, :people) as n,
    lateral (select timestamptz '2023-01-01 00:00Z' + n * interval '1 minute' as joined, md5(n::text) as digits) as facts;

analyze people;

insert into users.users
    (id, username, email, password_hash, email_verified, created_at, updated_at, display_name, bio)
select id, username, username || '@example.org',
       '$argon2id$v=19$m=19456,t=2,p=1$3KZlBOU/P40GpIhqmjakZg$8FpMZqJSi6JeOUpgYt+4vvZ2C5x7RuZHZz+hroXTjWQ',
       true, joined, joined, initcap(username),
       'Number ' || n || '. Likes maps, long walks by the sea, and lists that are the same each time.'
from people
order by n;

-- Indexes of all rows at once are made five times as fast as row by row.
create temporary table keys as
select conname, indexrelid::regclass as index,
       case when conname is null then pg_get_indexdef(indexrelid)
            else format('alter table users.follows add constraint %I %s', conname, pg_get_constraintdef(pg_constraint.oid))
       end as definition
from pg_index
left join pg_constraint on conindid = indexrelid and conrelid = indrelid
where indrelid = 'users.follows'::regclass;

do $$
declare
    key keys;
begin
    for key in select * from keys loop
        if key.conname is null then
            execute 'drop index ' || key.index;
        else
            execute format('alter table users.follows drop constraint %I', key.conname);
        end if;
    end loop;
end
$$;

-- One follow a second, in an order that has nothing to do with who joined when: `edge` takes each value below
-- 20 * people once, since 7919 is a prime. Each person follows the celebrity and 19 others who are far apart.
insert into users.follows (follower_id, followee_id, created_at)
select follower.id, followee.id, timestamptz '2025-01-01 00:00Z' + at * interval '1 second'
from generate_series(0::bigint, 20 * :people - 1) as at
cross join lateral (select at * 7919 % (20 * :people) as edge) as edges
cross join lateral (select 1 + edge / 20 as who, edge % 20 as nth) as followers
cross join lateral (select (who - 1 + nth * (:people / 20)) % :people as mark) as marks
cross join lateral (select 1 + mark * mark / :people as other) as others
join people as follower on follower.n = who
join people as followee on followee.n = case when nth = 0 then 0 when other = who then other + 1 else other end
order by at;

do $$
declare
    key keys;
begin
    for key in select * from keys loop
        execute key.definition;
    end loop;
end
$$;

-- As in V8.
insert into users.follow_counts (user_id, slot, followers, followees)
select user_id, slot, sum(followers), sum(followees)
from (
    select followee_id as user_id, get_byte(uuid_send(follower_id), 15) & 15 as slot, 1 as followers, 0 as followees
    from users.follows
    union all
    select follower_id, 0, 0, 1 from users.follows
) as edges
group by user_id, slot
order by user_id, slot;

vacuum analyze users.users, users.follows, users.follow_counts;

reset all;
