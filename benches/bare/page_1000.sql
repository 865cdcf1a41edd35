-- Followers 19,981 to 20,000: the index is walked to them, then joined.
select u.id, u.username, u.display_name, u.avatar_url
from (
    select follower_id, created_at from users.follows where followee_id = 'PERSON'
    order by created_at desc, follower_id desc
    limit 20 offset OFFSET
) f join users.users u on u.id = f.follower_id
order by f.created_at desc, f.follower_id desc;
