//! USER-BE-002.2: renewing a session, its grace, theft, logging out.

use crate::support::{Answer, PASSWORD, TestApp, assert_keys};
use serde_json::json;
use time::Duration;

/// The lines of the log that speak of a copied token.
const THEFTS: &str = "audit_log where event = 'refresh_token_reused'";

const REFRESH: &str = "/auth/refresh";
const LOGOUT: &str = "/auth/logout";

impl TestApp {
    /// Registers somebody and logs them in: the refresh token.
    pub async fn logged_in(&self, username: &str) -> String {
        let person = self.person(username).await;
        let typed = json!({ "email": person.email, "password": PASSWORD });
        self.api()
            .post("/auth/login", typed)
            .await
            .expect(200)
            .refresh_token()
    }

    /// Presents a refresh token.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.api().with_refresh_token(REFRESH, token).await
    }
}

#[track_caller]
fn refused(answer: &Answer) {
    answer.error(401, "INVALID_REFRESH_TOKEN");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = answer
        .cookie("refresh_token")
        .expect("the cookie is cleared");
    assert!(
        cookie.clears() && cookie.value.is_empty() && cookie.has("Path=/"),
        "{cookie:?}"
    );
}

#[tokio::test]
async fn user_be_002_2_s1_valid_refresh_token_issues_new_access_token() {
    let app = TestApp::start().await;
    let old = app.logged_in("ana").await;
    app.clock.advance(Duration::minutes(20));
    let answer = app.refresh(&old).await.expect(200);
    let body = answer.json();
    assert_keys(&body, "access_token token_type expires_in");
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("bearer"), &json!(900))
    );
    let claims = app
        .app
        .keys
        .verify(&answer.access_token(), app.clock.now())
        .unwrap();
    let left = claims.exp - app.clock.now().unix_timestamp();
    assert!((890..=900).contains(&left), "{left}");
    assert_eq!(claims.exp - claims.iat, 900);

    let new = answer.cookie("refresh_token").unwrap();
    assert_ne!(new.value, old);
    assert!(new.has("HttpOnly") && new.has("Max-Age=2592000"));
    let hash = |token: &str| <sha2::Sha256 as sha2::Digest>::digest(token.as_bytes()).to_vec();
    let revoked = "select revoked from users.refresh_tokens where token_hash = $1";
    assert!(app.value::<bool>(revoked, &[&hash(&old)]).await);
    assert!(!app.value::<bool>(revoked, &[&hash(&new.value)]).await);
    let life = "select extract(epoch from expires_at)::bigint from users.refresh_tokens
        where token_hash = $1";
    let until: i64 = app.value(life, &[&hash(&new.value)]).await;
    let expected = (app.clock.now() + Duration::days(30)).unix_timestamp();
    assert!((until - expected).abs() <= 5, "30 days from its own issue");
    let dump = app.dump().await;
    assert!(!dump.contains(&new.value) && !dump.contains(&old));
}

#[tokio::test]
async fn user_be_002_2_s2_expired_or_unknown_refresh_token_is_rejected() {
    let app = TestApp::start().await;
    let token = app.logged_in("ana").await;
    refused(&app.api().act(REFRESH).await);
    for unknown in [
        "",
        "x",
        "A",
        &"A".repeat(43),
        &"A".repeat(3_000),
        "a.b.c",
        "%00",
    ] {
        refused(&app.refresh(unknown).await);
    }
    app.clock.advance(Duration::days(30) + Duration::seconds(1));
    refused(&app.refresh(&token).await);
}

#[tokio::test]
async fn a_token_is_good_until_its_last_second() {
    let app = TestApp::start().await;
    let token = app.logged_in("ana").await;
    app.clock
        .advance(Duration::days(30) - Duration::seconds(30));
    app.refresh(&token).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_180_days_after_its_log_in_however_often_it_is_renewed() {
    let app = TestApp::start().await;
    let mut token = app.logged_in("ana").await;
    for _ in 0..6 {
        app.clock.advance(Duration::days(29));
        token = app.refresh(&token).await.expect(200).refresh_token();
    }
    let last_minute = Duration::days(180 - 6 * 29) - Duration::minutes(1);
    app.clock.advance(last_minute);
    let next = app.refresh(&token).await.expect(200).refresh_token();
    app.clock.advance(Duration::minutes(2));
    refused(&app.refresh(&next).await);
    assert_eq!(app.count(THEFTS).await, 0, "nothing was copied");
}

#[tokio::test]
async fn nor_does_the_grace_outlive_the_session() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    app.refresh(&first).await.expect(200);
    let older = "update users.sessions set created_at = created_at - interval '180 days'";
    app.db().await.execute(older, &[]).await.unwrap();
    refused(&app.refresh(&first).await);
}

#[tokio::test]
async fn within_the_grace_everybody_gets_the_familys_current_token() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let second = app.refresh(&first).await.expect(200).refresh_token();
    for _ in 0..3 {
        let again = app.refresh(&first).await.expect(200);
        assert_eq!(again.refresh_token(), second);
        app.app
            .keys
            .verify(&again.access_token(), app.clock.now())
            .unwrap();
    }
    let third = app.refresh(&second).await.expect(200).refresh_token();
    assert_eq!(app.refresh(&first).await.expect(200).refresh_token(), third);
    assert_eq!(
        app.refresh(&second).await.expect(200).refresh_token(),
        third
    );
    assert_eq!(app.count("refresh_tokens where not revoked").await, 1);
}

#[tokio::test]
async fn after_the_grace_it_is_theft_and_the_whole_family_ends() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let other_family = {
        let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
        app.api()
            .post("/auth/login", typed)
            .await
            .expect(200)
            .refresh_token()
    };
    let second = app.refresh(&first).await.expect(200).refresh_token();
    app.clock.advance(Duration::seconds(11));
    assert_eq!(app.count(THEFTS).await, 0);
    refused(&app.refresh(&first).await);
    assert_eq!(app.count(THEFTS).await, 1);
    let user: bool = app
        .value(
            "select user_id = (select id from users.users) from users.audit_log \
             where event = 'refresh_token_reused'",
            &[],
        )
        .await;
    assert!(user);
    refused(&app.refresh(&second).await);
    refused(&app.refresh(&first).await);
    app.refresh(&other_family).await.expect(200);
}

#[tokio::test]
async fn nine_seconds_are_within_the_grace() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let second = app.refresh(&first).await.expect(200).refresh_token();
    app.clock.advance(Duration::seconds(8));
    assert_eq!(
        app.refresh(&first).await.expect(200).refresh_token(),
        second
    );
    assert_eq!(app.count(THEFTS).await, 0);
}

#[tokio::test]
async fn logging_out_ends_the_family_grace_or_not() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let second = app.refresh(&first).await.expect(200).refresh_token();
    for _ in 0..2 {
        let answer = app
            .api()
            .with_refresh_token(LOGOUT, &second)
            .await
            .expect(204);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.cookie("refresh_token").unwrap().clears());
    }
    for token in [&first, &second] {
        refused(&app.refresh(token).await);
    }
    assert_eq!(app.count(THEFTS).await, 0, "a log-out is no theft");
}

#[tokio::test]
async fn logging_out_with_a_spent_token_ends_its_family_too() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let second = app.refresh(&first).await.expect(200).refresh_token();
    app.api()
        .with_refresh_token(LOGOUT, &first)
        .await
        .expect(204);
    refused(&app.refresh(&second).await);
}

#[tokio::test]
async fn logging_out_without_a_session_is_no_error() {
    let app = TestApp::start().await;
    let token = app.logged_in("ana").await;
    app.api().act(LOGOUT).await.expect(204);
    app.api()
        .with_refresh_token(LOGOUT, "unknown")
        .await
        .expect(204);
    app.refresh(&token).await.expect(200);
}

#[tokio::test]
async fn the_body_and_its_type_are_not_looked_at() {
    let app = TestApp::start().await;
    let token = app.logged_in("ana").await;
    let cookie = format!("other=1; refresh_token={token}; more=2");
    let odd = app.api().request("POST", REFRESH).header("Cookie", &cookie);
    odd.body("text/plain", "what is this")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn an_access_token_is_no_refresh_token_and_the_other_way_round() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    refused(&app.refresh(&ana.token).await);
    let token = app.logged_in("bob").await;
    app.api()
        .bearer(&token)
        .get("/users/me")
        .await
        .error(401, "UNAUTHENTICATED");
    let answer = app.api().bearer(&token).act(REFRESH).await;
    refused(&answer);
}
