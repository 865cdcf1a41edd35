//! The database gone, locked, silent, or its pool full: 503 within 10 s, and recovery by itself.

use crate::support::{Answer, Line, Person, Proxy, TestApp, eventually};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

/// Requests of every kind that need the database: their answers, which come within 10 s.
async fn every_kind(app: &TestApp, ana: &Person, cookies: &str) -> Vec<Answer> {
    let api = app.api();
    let of_ana = api.of(ana);
    let typed = json!({ "email": ana.email, "password": "x" });
    let new = json!({ "email": "new@example.org", "username": "new", "password": "correct horse" });
    let calls = [
        api.request("GET", "/health"),
        api.request("GET", &ana.api("")),
        api.request("GET", "/users?username=ana"),
        api.request("POST", "/auth/login").json(&typed),
        api.request("POST", "/auth/register").json(&new),
        api.request("POST", "/auth/refresh")
            .header("Cookie", "refresh_token=x"),
        of_ana.request("GET", "/users/me"),
        of_ana
            .request("PATCH", "/users/me")
            .json(&json!({ "bio": "x" })),
        of_ana.request("GET", &ana.api("/followers")),
        api.request("GET", "/@ana"),
        api.request("GET", "/profile").header("Cookie", cookies),
    ];
    let started = Instant::now();
    let answers = join_all(calls.into_iter().map(crate::support::Call::send)).await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    answers
}

#[track_caller]
fn all_unavailable(answers: &[Answer]) {
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, 503, "request {n}: {}", answer.text());
        let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..60).contains(&seconds));
        let kind = answer.header("content-type").unwrap();
        if kind.starts_with("application/json") {
            answer.error(503, "SERVICE_UNAVAILABLE");
        } else {
            assert!(kind.starts_with("text/html"), "request {n}: {kind}");
        }
    }
}

async fn all_is_well_again(app: &TestApp, ana: &Person) {
    eventually("the service recovers by itself", || async {
        let health = app.api().get("/health").await.status == 200;
        let me = app.api().of(ana).get("/users/me").await.status == 200;
        (health && me).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_its_database_the_service_says_so_and_recovers() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let cookies = app.signed_in(&ana).await.jar.header("/").unwrap();
    ana.session.open().await;
    app.database.allow_connections(false).await;
    all_unavailable(&every_kind(&app, &ana, &cookies).await);
    for path in ["/livez", "/metrics", "/login", "/.well-known/jwks.json"] {
        app.api().get(path).await.expect(200);
    }
    app.database.allow_connections(true).await;
    all_is_well_again(&app, &ana).await;
}

#[tokio::test]
async fn a_locked_table_is_waited_for_no_longer_than_that() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "20")]).await;
    let ana = app.person("ana").await;
    let cookies = app.signed_in(&ana).await.jar.header("/").unwrap();
    ana.session.open().await;
    let db = app.db().await;
    db.batch_execute("begin; lock table users.users, users.sessions, users.refresh_tokens, users.follows in access exclusive mode")
        .await
        .unwrap();
    let answers = every_kind(&app, &ana, &cookies).await;
    answers[0].clone().expect(200);
    all_unavailable(&answers[1..]);
    db.batch_execute("rollback").await.unwrap();
    all_is_well_again(&app, &ana).await;
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn a_full_pool_is_no_reason_to_wait_for_ever() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "2")]).await;
    let ana = app.person("ana").await;
    let cookies = app.signed_in(&ana).await.jar.header("/").unwrap();
    app.mails_are_out().await;
    let held = [
        app.app.db.get().await.unwrap(),
        app.app.db.get().await.unwrap(),
    ];
    all_unavailable(&every_kind(&app, &ana, &cookies).await);
    drop(held);
    all_is_well_again(&app, &ana).await;
}

#[tokio::test]
async fn a_database_that_falls_silent_is_not_waited_for() {
    let database = crate::support::Database::migrated().await;
    let proxy = Proxy::to_socket(database.socket()).await;
    let url = database.url_over_tcp(proxy.port);
    let app = TestApp::on(database, &[("DATABASE_URL", &url)]).await;
    let ana = app.person("ana").await;
    let cookies = app.signed_in(&ana).await.jar.header("/").unwrap();
    proxy.set(Line::Silent);
    all_unavailable(&every_kind(&app, &ana, &cookies).await);
    app.api().get("/livez").await.expect(200);
    proxy.set(Line::Open);
    all_is_well_again(&app, &ana).await;
}

#[tokio::test]
async fn a_hundred_log_ins_at_once_are_all_answered() {
    let app = TestApp::start().await;
    let api = app.api();
    let calls = (0..100).map(async |n| {
        let email = format!("nobody{n}@example.org");
        let typed = json!({ "email": email, "password": "whatever it is" });
        let started = Instant::now();
        let answer = api.post("/auth/login", typed).await;
        (answer, started.elapsed())
    });
    for (answer, took) in join_all(calls).await {
        // On a machine that is too slow for a hundred in 7 s, the last ones are given up: that is
        // another reason than too many of them.
        if answer.status == 503 && took >= Duration::from_secs(7) {
            continue;
        }
        answer.error(401, "INVALID_CREDENTIALS");
    }
}
