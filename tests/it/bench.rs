//! `bin/bench`: that the world it measures in is what docs/performance.md says.

use crate::support::{Database, TestApp};
use serde_json::json;

const WORLD: &str = include_str!("../../benches/world.sql");

#[tokio::test]
async fn its_world_counts_every_follow_and_lets_people_log_in() {
    let database = Database::migrated().await;
    let db = database.connect().await;
    // One by one: `vacuum` wants no transaction around it.
    for statement in WORLD.replace(":people", "1000").split(";\n\n") {
        db.batch_execute(statement).await.expect(statement);
    }

    let wrong = "select count(*) from users.users u
        left join (select user_id, sum(followers) as followers, sum(followees) as followees
                   from users.follow_counts group by user_id) c on c.user_id = u.id
        where coalesce(c.followers, 0) <> (select count(*) from users.follows where followee_id = u.id)
           or coalesce(c.followees, 0) <> (select count(*) from users.follows where follower_id = u.id)";
    let count = async |sql: &str| db.query_one(sql, &[]).await.expect(sql).get::<_, i64>(0);
    assert_eq!(count(wrong).await, 0);
    assert_eq!(count("select count(*) from users.users").await, 1_001);
    assert_eq!(count("select count(*) from users.follows").await, 20_000);
    let fans = "select count(*) from users.follows join users.users on id = followee_id where username = 'celebrity'";
    assert_eq!(count(fans).await, 1_000);
    let keys = "select count(*) from pg_constraint where conrelid = 'users.follows'::regclass";
    assert_eq!(count(keys).await, 4, "all constraints are there again");

    let app = TestApp::on(database, &[]).await;
    let person = json!({ "email": "person7@example.org", "password": "correct horse battery" });
    app.api().post("/auth/login", person).await.expect(200);
}
