//! Entering the password again before a sensitive change: in a session whose password was entered
//! more than 10 minutes ago.

use crate::support::{Api, PASSWORD, Person, TestApp};
use serde_json::json;
use time::Duration;
use users_service::{Error, services::reauthentication};
use uuid::Uuid;

const ASKS: &str = "Enter your password";
const ENDPOINT: &str = "/users/me/reauthenticate";

impl TestApp {
    /// A client of the API in a session of this person's own, opened just now.
    pub async fn in_session(&self, person: &Person) -> Api {
        let body = json!({"email": person.email, "password": PASSWORD});
        let answer = self.api().post("/auth/login", body).await.expect(200);
        self.api().bearer(&answer.access_token())
    }
}

#[tokio::test]
async fn the_page_asks_and_then_leads_on() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/settings/confirm?next=/profile").await;
    assert_eq!(page.path(), "/profile", "a log-in counts");
    app.clock.advance(Duration::minutes(11));
    let page = visitor.open("/settings/confirm?next=/profile").await;
    assert_eq!((page.status, page.h1().as_str()), (200, ASKS));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let field = page.field("Password");
    assert_eq!(field.attr("autocomplete"), Some("current-password"));
    assert_eq!(
        page.one("[autocomplete=username]").attr("value"),
        Some(ana.email.as_str())
    );
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!((page.path(), page.redirects[0].0), ("/profile", 303));
    let noted = app.count("audit_log where event = 'reauthenticated'").await;
    assert_eq!(noted, 1);
    app.clock.advance(Duration::minutes(9));
    let page = visitor.open("/settings/confirm?next=/profile").await;
    assert_eq!(page.path(), "/profile");
    app.clock.advance(Duration::minutes(2));
    let page = visitor.open("/settings/confirm?next=/profile").await;
    assert_eq!(page.h1(), ASKS);
}

#[tokio::test]
async fn a_wrong_password_is_told_beside_the_field_and_counts_for_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.clock.advance(Duration::minutes(11));
    visitor.open("/settings/confirm?next=/profile").await;
    for (typed, status, said) in [
        ("wrong", 401, "This is not your password"),
        ("", 422, "Enter your password"),
    ] {
        let page = visitor.send("Continue", &[("Password", typed)]).await;
        assert_eq!(page.status, status);
        let field = page.field("Password");
        assert!(field.is_invalid() && field.value.is_empty());
        assert!(field.description.contains(said), "{}", field.description);
        assert!(page.title().starts_with("Error: "));
    }
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.path(), "/profile", "the way on is kept");
}

#[tokio::test]
async fn the_way_on_never_leaves_the_site() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.clock.advance(Duration::minutes(11));
    visitor.open("/settings/confirm?next=//evil.example").await;
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.path(), "/timeline");
}

#[tokio::test]
async fn renewing_the_session_does_not_count_as_entering_the_password() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.clock.advance(Duration::minutes(20));
    assert_eq!(visitor.open("/profile").await.status, 200);
    let page = visitor.open("/settings/confirm?next=/profile").await;
    assert_eq!(page.h1(), ASKS);
}

#[tokio::test]
async fn who_is_signed_out_logs_in_instead() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.clock.advance(Duration::minutes(11));
    visitor.open("/settings/confirm?next=/profile").await;
    visitor.jar.keep_only(&["csrf"]);
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.path(), "/login");
    let typed = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    assert_eq!(visitor.send("Log in", &typed).await.path(), "/profile");
}

#[tokio::test]
async fn over_the_api_it_renews_the_token_s_own_session_alone() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let (one, _other) = (app.in_session(&ana).await, app.in_session(&ana).await);
    app.clock.advance(Duration::minutes(11));
    let body = json!({"password": PASSWORD});
    let answer = one.post(ENDPOINT, body).await.expect(204);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let db = app.db().await;
    let rows = db
        .query(
            "select id from users.sessions order by authenticated_at",
            &[],
        )
        .await
        .unwrap();
    let [stale, fresh]: [Uuid; 2] = [rows[0].get(0), rows[1].get(0)];
    assert!(
        reauthentication::require_recent(&app.app, fresh)
            .await
            .is_ok()
    );
    let refused = reauthentication::require_recent(&app.app, stale).await;
    assert!(matches!(refused, Err(Error::ReauthenticationRequired)));
}

#[tokio::test]
async fn over_the_api_a_wrong_password_is_no_bad_token() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    for (body, code) in [
        (json!({"password": "wrong"}), "incorrect"),
        (json!({"password": ""}), "required"),
        (json!({}), "required"),
        (json!({"password": 1}), "wrong_type"),
    ] {
        let error = api.post(ENDPOINT, body).await.invalid("password");
        assert_eq!(error["fields"][0]["code"], code);
    }
    let body = json!({"password": PASSWORD});
    let answer = app.api().post(ENDPOINT, body.clone()).await;
    answer.error(401, "UNAUTHENTICATED");
    // A token whose session has ended can't become recent again.
    let ended = "update users.sessions set ended_at = now()";
    app.db().await.execute(ended, &[]).await.unwrap();
    api.post(ENDPOINT, body).await.error(401, "UNAUTHENTICATED");
}
