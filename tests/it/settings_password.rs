//! Changing one's password: page and API.

use crate::support::{PASSWORD, TestApp};
use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

const NEW: &str = "another horse battery";
const ENDPOINT: &str = "/users/me/password";

fn change(from: &str, to: &str) -> serde_json::Value {
    json!({"current_password": from, "password": to})
}

#[tokio::test]
async fn on_the_page_it_ends_every_other_session_and_not_this_one() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let mut other = app.signed_in(&ana).await;
    let mut old_reset = app.signed_in(&ana).await;
    old_reset.jar.keep_only(&["refresh_token"]);
    visitor.open("/settings").await;
    let page = visitor.click("Password").await;
    assert_eq!(page.h1(), "Change your password");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let autocomplete = |label| page.field(label).attr("autocomplete").map(str::to_owned);
    assert_eq!(
        autocomplete("Current password").as_deref(),
        Some("current-password")
    );
    assert_eq!(
        autocomplete("New password").as_deref(),
        Some("new-password")
    );
    assert_eq!(
        page.one("[autocomplete=username]").attr("value"),
        Some(ana.email.as_str())
    );
    let typed = [("Current password", PASSWORD), ("New password", NEW)];
    let page = visitor.send("Change password", &typed).await;
    assert_eq!(
        (page.status, page.h1().as_str()),
        (200, "Your password is changed")
    );
    assert_eq!(visitor.open("/profile").await.path(), "/profile");
    assert_eq!(other.open("/profile").await.path(), "/login");
    assert_eq!(old_reset.open("/profile").await.path(), "/login");
    app.clock.advance(Duration::minutes(20));
    assert_eq!(
        visitor.open("/profile").await.path(),
        "/profile",
        "its family goes on"
    );
    let body = json!({"email": ana.email, "password": PASSWORD});
    app.api()
        .post("/auth/login", body)
        .await
        .error(401, "INVALID_CREDENTIALS");
    let body = json!({"email": ana.email, "password": NEW});
    app.api().post("/auth/login", body).await.expect(200);
}

#[tokio::test]
async fn it_is_told_by_mail_and_noted() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let answer = api.put(ENDPOINT, change(PASSWORD, NEW)).await.expect(204);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(app.count("outbox where kind = 'password_changed'").await, 1);
    assert_eq!(
        app.count("audit_log where event = 'password_changed'")
            .await,
        1
    );
    assert!(!app.dump().await.contains(NEW));
}

#[tokio::test]
async fn the_present_password_is_always_asked_for() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    for (body, field, code) in [
        (change("wrong", NEW), "current_password", "incorrect"),
        (change("", NEW), "current_password", "required"),
        (json!({"password": NEW}), "current_password", "required"),
        (change(PASSWORD, "short"), "password", "too_short"),
        (change(PASSWORD, "password123"), "password", "too_common"),
        (change(PASSWORD, &ana.email), "password", "too_obvious"),
    ] {
        let error = api.put(ENDPOINT, body).await.invalid(field);
        assert_eq!(error["fields"][0]["code"], code);
    }
    api.put(ENDPOINT, json!({}))
        .await
        .invalid("current_password password");
    app.api()
        .put(ENDPOINT, change(PASSWORD, NEW))
        .await
        .error(401, "UNAUTHENTICATED");
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/password").await;
    let typed = [("Current password", "wrong"), ("New password", NEW)];
    let page = visitor.send("Change password", &typed).await;
    assert_eq!(page.status, 422);
    let field = page.field("Current password");
    assert!(field.is_invalid() && field.value.is_empty());
    assert!(field.description.contains("This is not your password"));
    assert_eq!(app.count("outbox where kind = 'password_changed'").await, 0);
}

#[tokio::test]
async fn a_session_that_ended_changes_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let end = "update users.sessions set ended_at = now()";
    app.db().await.execute(end, &[]).await.unwrap();
    let answer = api.put(ENDPOINT, change(PASSWORD, NEW)).await;
    answer.error(401, "UNAUTHENTICATED");
    app.in_session(&ana).await;
}

#[tokio::test]
async fn of_many_changes_at_once_one_wins_and_its_session_alone_stays_open() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    let mut apis = Vec::new();
    for at in [&app, &replica, &app, &replica] {
        apis.push(at.in_session(&ana).await);
    }
    let changes = apis.iter().enumerate().map(|(n, api)| {
        let body = change(PASSWORD, &format!("{NEW} {n}"));
        async move { api.put(ENDPOINT, body).await }
    });
    let answers = join_all(changes).await;
    let won: Vec<_> = (0..4).filter(|n| answers[*n].status == 204).collect();
    let [winner] = won[..] else {
        panic!("{answers:?}")
    };
    for lost in answers.iter().filter(|answer| answer.status != 204) {
        let error = lost.invalid("current_password");
        assert_eq!(error["fields"][0]["code"], "incorrect");
    }
    assert_eq!(app.count("sessions where ended_at is null").await, 1);
    let body = json!({"email": ana.email, "password": format!("{NEW} {winner}")});
    app.api().post("/auth/login", body).await.expect(200);
    assert_eq!(
        app.count("audit_log where event = 'password_changed'")
            .await,
        1
    );
}
