//! One link, many hands; a reset beside a log-in, a correction beside a verification.

use crate::support::{PASSWORD, TestApp};
use futures_util::future::join_all;
use serde_json::json;

const RESET: &str = "/auth/password/reset";

#[tokio::test]
async fn one_link_ten_times_over_two_replicas_sets_one_password() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    let token = app.reset_token(&ana.email).await;
    let apis = [app.api(), replica.api()];
    let calls = (0..10).map(|n| {
        let password = format!("new password number {n}");
        apis[n % 2].post(RESET, json!({ "token": token, "password": password }))
    });
    let answers = join_all(calls).await;
    let won: Vec<_> = (0..10).filter(|n| answers[*n].status == 204).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    for (n, answer) in answers.iter().enumerate() {
        if n != won[0] {
            answer.error(422, "INVALID_RESET_TOKEN");
        }
    }
    let password = format!("new password number {}", won[0]);
    let typed = json!({ "email": ana.email, "password": password });
    app.api().post("/auth/login", typed).await.expect(200);
    assert_eq!(
        app.count("audit_log where event = 'password_reset'").await,
        1
    );
}

#[tokio::test]
async fn two_links_at_once_set_one_password() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let tokens = [
        app.reset_token(&ana.email).await,
        app.reset_token(&ana.email).await,
    ];
    let api = app.api();
    let calls = tokens.iter().map(|token| {
        api.post(
            RESET,
            json!({ "token": token, "password": "quite another one" }),
        )
    });
    let mut statuses: Vec<_> = join_all(calls).await.iter().map(|a| a.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
}

#[tokio::test]
async fn a_log_in_with_the_old_password_never_outlives_a_reset() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    for n in 0..4 {
        let person = app.person(&format!("user{n}")).await;
        let token = app.reset_token(&person.email).await;
        let (api, other) = (app.api(), replica.api());
        let old = json!({ "email": person.email, "password": PASSWORD });
        let logins = join_all((0..6).map(|_| other.post("/auth/login", old.clone())));
        let new = json!({ "token": token, "password": "quite another one" });
        let (reset, logins) = tokio::join!(api.post(RESET, new), logins);
        reset.expect(204);
        for login in logins {
            assert!(matches!(login.status, 200 | 401), "{}", login.text());
            if login.status == 200 {
                let late = app.refresh(&login.refresh_token()).await;
                late.error(401, "INVALID_REFRESH_TOKEN");
            }
        }
    }
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
    assert_eq!(app.count("refresh_tokens where not revoked").await, 0);
}

#[tokio::test]
async fn renewing_and_thefts_beside_a_reset_leave_nothing_alive() {
    let app = TestApp::start().await;
    for n in 0..4 {
        let name = format!("user{n}");
        let spent = app.logged_in(&name).await;
        let live = app.refresh(&spent).await.expect(200).refresh_token();
        let token = app.reset_token(&format!("{name}@example.org")).await;
        app.clock.advance(time::Duration::seconds(11));
        let api = app.api();
        let (reset, renewed, stolen) = tokio::join!(
            api.post(
                RESET,
                json!({ "token": token, "password": "quite another one" })
            ),
            app.refresh(&live),
            app.refresh(&spent),
        );
        reset.expect(204);
        stolen.error(401, "INVALID_REFRESH_TOKEN");
        assert!(matches!(renewed.status, 200 | 401), "{}", renewed.text());
    }
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
    assert_eq!(app.count("refresh_tokens where not revoked").await, 0);
}
