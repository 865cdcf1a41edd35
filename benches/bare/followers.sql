-- The 20 newest followers as one join.
select u.id, u.username, u.display_name, u.avatar_url
from users.follows f join users.users u on u.id = f.follower_id
where f.followee_id = 'PERSON' and u.delete_after is null
order by f.created_at desc, f.follower_id desc
limit 20;
