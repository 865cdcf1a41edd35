//! How many sessions of an account are open at once.

use crate::support::{Person, TestApp};
use users_service::services::sessions::MOST_OPEN;

const OPEN: &str = "sessions where ended_at is null";

impl TestApp {
    /// Opens sessions of an account, the first of them used longest ago. None was used lately.
    async fn has_open_sessions(&self, person: &Person, count: i64) {
        let open = "with opened as (
                insert into users.sessions (id, user_id, created_at, last_seen_at, authenticated_at)
                select gen_random_uuid(), $1, now() - interval '9 days', now() - n * interval '1 minute', null
                from generate_series(1, $2::bigint) as n returning id, user_id)
            insert into users.refresh_tokens (token_hash, user_id, session_id, expires_at)
            select sha256(uuid_send(id)), user_id, id, now() + interval '20 days' from opened";
        let db = self.db().await;
        db.execute(open, &[&person.id, &count]).await.unwrap();
    }
}

#[tokio::test]
async fn a_log_in_beyond_a_hundred_ends_the_session_used_longest_ago() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let most = i64::try_from(MOST_OPEN).unwrap();
    app.has_open_sessions(&ana, most - 1).await;
    app.log_in_with(&ana, "curl/8").await;
    assert_eq!(app.count(OPEN).await, most, "there was room");
    let oldest = "select id::text from users.sessions order by last_seen_at limit 1";
    let oldest: String = app.value(oldest, &[]).await;
    let newest = app.log_in_with(&ana, "curl/8").await;
    assert_eq!(app.count(OPEN).await, most);
    let ended = "select id::text from users.sessions where end_reason = 'too_many'";
    assert_eq!(app.value::<String>(ended, &[]).await, oldest);
    let left = format!("refresh_tokens where not revoked and session_id = '{oldest}'");
    assert_eq!(app.count(&left).await, 0);
    let told = newest.api.get("/users/me/history").await.expect(200).json();
    let ends = told["items"].as_array().unwrap().iter();
    let ends: Vec<_> = ends
        .filter(|line| line["event"] == "session_ended")
        .collect();
    assert_eq!(ends.len(), 1, "{told}");
    assert!(ends[0]["detail"].as_str().unwrap().contains("100"));
}

#[tokio::test]
async fn an_account_from_before_there_was_a_bound_has_fewer_with_each_log_in() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.has_open_sessions(&ana, 150).await;
    for left in [131, 112, 100, 100] {
        let newest = app.log_in_with(&ana, "curl/8").await;
        assert_eq!(app.count(OPEN).await, left);
        app.refresh(&newest.refresh_token).await.expect(200);
    }
}

#[tokio::test]
async fn a_wrong_password_ends_none() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.has_open_sessions(&ana, 150).await;
    let wrong = app.try_log_in(&ana, "not the password", "curl/8").await;
    wrong.error(401, "INVALID_CREDENTIALS");
    assert_eq!(app.count(OPEN).await, 150);
}

#[tokio::test]
async fn thousands_of_sessions_end_at_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.has_open_sessions(&ana, 5_000).await;
    let own = app.log_in_with(&ana, "curl/8").await;
    own.api.delete("/users/me/sessions").await.expect(204);
    assert_eq!(app.count(OPEN).await, 1);
    let left = "refresh_tokens where not revoked";
    assert_eq!(app.count(left).await, 1);
}
