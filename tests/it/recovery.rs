//! A forgotten password over JSON: the link, and what setting a new password does.

use crate::support::{Answer, PASSWORD, TestApp, eventually};
use serde_json::{Value, json};
use time::Duration;
use users_service::storage::password_resets;

const NEW: &str = "a better horse battery";
const FORGOT: &str = "/auth/password/forgot";
const RESET: &str = "/auth/password/reset";

fn with(token: &str) -> Value {
    json!({ "token": token, "password": NEW })
}

async fn log_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let typed = json!({ "email": email, "password": password });
    app.api().post("/auth/login", typed).await
}

#[tokio::test]
async fn the_link_sets_a_new_password_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let token = app.reset_token(&ana.email).await;
    let answer = app.api().post(RESET, with(&token)).await.expect(204);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.body.is_empty() && answer.cookie("refresh_token").is_none());
    log_in(&app, &ana.email, NEW).await.expect(200);
    log_in(&app, &ana.email, PASSWORD)
        .await
        .error(401, "INVALID_CREDENTIALS");
    let again = app.api().post(RESET, with(&token)).await;
    again.error(422, "INVALID_RESET_TOKEN");
}

#[tokio::test]
async fn it_ends_every_session_and_is_written_down_and_told() {
    let app = TestApp::start().await;
    let tokens = [app.logged_in("ana").await, app.logged_in("bob").await];
    let email = "ana@example.org";
    log_in(&app, email, PASSWORD).await.expect(200);
    let token = app.reset_token(email).await;
    app.api().post(RESET, with(&token)).await.expect(204);
    app.refresh(&tokens[0])
        .await
        .error(401, "INVALID_REFRESH_TOKEN");
    app.refresh(&tokens[1]).await.expect(200);
    assert_eq!(
        app.count("sessions where end_reason = 'password_changed'")
            .await,
        2
    );
    for event in ["password_reset_requested", "password_reset"] {
        let line = format!("audit_log where event = '{event}' and trace_id is not null");
        assert_eq!(app.count(&line).await, 1, "{event}");
    }
    app.mails_are_out().await;
    let mails = app.sink.mails_to(email);
    let told = mails
        .iter()
        .filter(|mail| mail.subject() == "Your password was reset");
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn asking_is_always_202_and_tells_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut told = Vec::new();
    for email in [
        " ANA@example.org ",
        "nobody@example.org",
        "odd",
        "",
        "a\0@b.c",
        &"x".repeat(5_000),
    ] {
        let answer = app.api().post(FORGOT, json!({ "email": email })).await;
        let answer = answer.expect(202);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let mut headers = answer.headers.clone();
        for differs in ["date", "x-trace-id"] {
            headers.remove(differs);
        }
        told.push((format!("{headers:?}"), answer.body));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    for none in [json!({}), json!({ "email": null }), json!({ "email": 1 })] {
        app.api().post(FORGOT, none).await.invalid("email");
    }
    app.sink.nth_mail_to(&ana.email, 2).await;
    eventually("every wish is taken", || async {
        (app.count("password_reset_requests").await == 0).then_some(())
    })
    .await;
    app.mails_are_out().await;
    assert!(app.sink.mails_to("nobody@example.org").is_empty());
}

#[tokio::test]
async fn while_asking_nobody_looks_for_the_account() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.mails_are_out().await;
    let db = app.db().await;
    db.batch_execute("begin; lock table users.users in access exclusive mode")
        .await
        .unwrap();
    for email in [ana.email.as_str(), "nobody@example.org"] {
        let asked = app.api().post(FORGOT, json!({ "email": email })).await;
        asked.expect(202);
    }
    db.batch_execute("rollback").await.unwrap();
}

#[tokio::test]
async fn a_link_works_for_one_hour() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let (first, second) = (
        app.reset_token(&ana.email).await,
        app.reset_token(&bob.email).await,
    );
    app.clock.advance(Duration::minutes(59));
    app.api().post(RESET, with(&first)).await.expect(204);
    app.clock.advance(Duration::minutes(2));
    let late = app.api().post(RESET, with(&second)).await;
    late.error(422, "INVALID_RESET_TOKEN");
}

#[tokio::test]
async fn a_new_password_or_another_address_ends_every_link() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let (first, second) = (
        app.reset_token(&ana.email).await,
        app.reset_token(&ana.email).await,
    );
    assert_ne!(first, second);
    app.api().post(RESET, with(&second)).await.expect(204);
    let other = app.api().post(RESET, with(&first)).await;
    other.error(422, "INVALID_RESET_TOKEN");
    for change in [
        "update users.users set password_hash = password_hash || 'x'",
        "update users.users set email = 'new@example.org'",
    ] {
        let token = app.reset_token(&ana.email).await;
        app.db().await.execute(change, &[]).await.unwrap();
        let late = app.api().post(RESET, with(&token)).await;
        late.error(422, "INVALID_RESET_TOKEN");
    }
}

#[tokio::test]
async fn a_mail_that_is_tried_again_brings_no_used_link_back() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let token = app.reset_token(&ana.email).await;
    let hash = users_service::domain::Token::presented(&token).hash();
    let issue = async || {
        let now = app.clock.now();
        let until = now + Duration::hours(1);
        let client = app.app.db.get().await.unwrap();
        password_resets::issue(&client, &hash, ana.id, &ana.email, until, now).await
    };
    assert!(issue().await.unwrap(), "not used yet");
    app.api().post(RESET, with(&token)).await.expect(204);
    assert!(!issue().await.unwrap());
    let again = app.api().post(RESET, with(&token)).await;
    again.error(422, "INVALID_RESET_TOKEN");
}

#[tokio::test]
async fn an_unverified_account_is_verified_by_the_address_it_proved() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let token = app.reset_token(&ana.email).await;
    app.api().post(RESET, with(&token)).await.expect(204);
    log_in(&app, &ana.email, NEW).await.expect(200);
    assert_eq!(
        app.count("email_verifications where used_at is null").await,
        0
    );
    // The account is somebody's now: its name does not come free again.
    app.mails_are_out().await;
    app.clock.advance(Duration::days(30));
    let same = json!({ "email": ana.email, "username": "ana", "password": PASSWORD });
    app.api()
        .post("/auth/register", same)
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");
}

#[tokio::test]
async fn the_rules_of_a_password_are_told_for_a_link_that_works_only() {
    let app = TestApp::start().await;
    let ana = app.person("ana_banana").await;
    let token = app.reset_token(&ana.email).await;
    let sent = |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        let api = app.api();
        async move { api.post(RESET, body).await }
    };
    for bad in ["", "short", "password123", "Ana_Banana", &ana.email] {
        sent(&token, bad).await.invalid("password");
        let unknown = sent(&"A".repeat(43), bad).await;
        unknown.error(422, "INVALID_RESET_TOKEN");
    }
    for odd in ["", "x", "\0", "%00", &"A".repeat(10_000)] {
        sent(odd, NEW).await.error(422, "INVALID_RESET_TOKEN");
    }
    let api = app.api();
    api.post(RESET, json!({})).await.invalid("token password");
    let mistyped = json!({ "token": 1, "password": [] });
    api.post(RESET, mistyped).await.invalid("token password");
    sent(&token, NEW).await.expect(204);
}

#[tokio::test]
async fn only_the_hash_of_a_link_is_stored_and_it_is_forgotten_days_later() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let token = app.reset_token(&ana.email).await;
    let dump = app.dump().await;
    assert!(!dump.contains(&token));
    let hash: String = app
        .value("select password_hash from users.users", &[])
        .await;
    assert_eq!(dump.matches(&hash).count(), 1, "only with the account");
    for (days, left) in [(2, 1), (2, 0)] {
        app.clock.advance(Duration::days(days));
        app.sweep().await;
        assert_eq!(app.count("password_resets").await, left);
    }
}
