//! The sessions of one's own: listed, ended one by one, ended all but one.

use crate::support::{Answer, Api, PASSWORD, Person, TestApp, assert_keys};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// Browsers as they call themselves.
pub const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0";
pub const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";

const SESSIONS: &str = "/users/me/sessions";

/// A log-in through the API.
pub struct LogIn {
    pub api: Api,
    pub refresh_token: String,
    pub session_id: Uuid,
}

impl TestApp {
    /// Tries to log in with a browser that calls itself this.
    pub async fn try_log_in(&self, person: &Person, password: &str, user_agent: &str) -> Answer {
        let typed = json!({ "email": person.email, "password": password });
        let call = self.api().request("POST", "/auth/login").json(&typed);
        call.header("User-Agent", user_agent).send().await
    }

    /// Logs in with a browser that calls itself this.
    pub async fn log_in_with(&self, person: &Person, user_agent: &str) -> LogIn {
        let answer = self.try_log_in(person, PASSWORD, user_agent).await;
        let answer = answer.expect(200);
        let token = answer.access_token();
        let claims = self.app.keys.verify(&token, self.clock.now()).unwrap();
        LogIn {
            api: self.api().bearer(&token),
            refresh_token: answer.refresh_token(),
            session_id: claims.session_id().unwrap(),
        }
    }

    /// Renews a session with a browser that calls itself this.
    async fn refresh_with(&self, token: &str, user_agent: &str) -> Answer {
        let call = self.api().request("POST", "/auth/refresh");
        let call = call.header("Cookie", &format!("refresh_token={token}"));
        call.header("User-Agent", user_agent).send().await
    }
}

impl LogIn {
    async fn sessions(&self) -> Vec<Value> {
        let listed = self.api.get(SESSIONS).await.expect(200);
        assert_eq!(listed.header("cache-control"), Some("no-store"));
        assert_keys(&listed.json(), "items");
        listed.json()["items"].as_array().unwrap().clone()
    }

    async fn devices(&self) -> Vec<String> {
        let sessions = self.sessions().await;
        let devices = sessions
            .iter()
            .map(|s| s["device"].as_str().unwrap().to_owned());
        devices.collect()
    }

    async fn end(&self, id: impl std::fmt::Display) -> Answer {
        self.api.delete(&format!("{SESSIONS}/{id}")).await
    }
}

fn time_of(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}

#[tokio::test]
async fn sessions_are_listed_with_the_asking_one_first() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let phone = app.log_in_with(&ana, SAFARI).await;
    app.clock.advance(Duration::minutes(5));
    app.log_in_with(&ana, FIREFOX).await;
    app.log_in_with(&bob, FIREFOX).await;
    let sessions = phone.sessions().await;
    assert_eq!(
        phone.devices().await,
        ["Safari on iPhone", "Firefox on Windows"]
    );
    let own = &sessions[0];
    assert_keys(own, "id device network created_at last_seen_at current");
    assert_eq!(own["id"], json!(phone.session_id));
    assert_eq!(own["network"], "127.0.0.0/24");
    assert_eq!(
        (&own["current"], &sessions[1]["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(own["created_at"], own["last_seen_at"]);
    app.api().get(SESSIONS).await.error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_session_is_seen_where_it_was_last_renewed() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let desk = app.log_in_with(&ana, FIREFOX).await;
    let before = desk.sessions().await.remove(0);
    app.clock.advance(Duration::minutes(10));
    assert_eq!(desk.sessions().await[0], before, "reading writes nothing");
    app.refresh_with(&desk.refresh_token, SAFARI)
        .await
        .expect(200);
    let after = desk.sessions().await.remove(0);
    assert_eq!(after["device"], "Safari on iPhone");
    assert_eq!(after["created_at"], before["created_at"]);
    let later = time_of(&after["last_seen_at"]) - time_of(&before["last_seen_at"]);
    assert!(later >= Duration::minutes(10), "{later}");
}

#[tokio::test]
async fn ending_a_session_ends_it_at_once_and_only_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let desk = app.log_in_with(&ana, FIREFOX).await;
    let phone = app.log_in_with(&ana, SAFARI).await;
    for _ in 0..2 {
        let ended = desk.end(phone.session_id).await.expect(204);
        assert!(ended.body.is_empty());
    }
    let refused = app.refresh(&phone.refresh_token).await;
    refused.error(401, "INVALID_REFRESH_TOKEN");
    assert_eq!(desk.devices().await, ["Firefox on Windows"]);
    app.refresh(&desk.refresh_token).await.expect(200);
    let reason = "select end_reason from users.sessions where id = $1";
    let reason: String = app.value(reason, &[&phone.session_id]).await;
    assert_eq!(reason, "ended_by_owner");
    assert_eq!(
        app.count("audit_log where event = 'session_ended'").await,
        1
    );
}

#[tokio::test]
async fn ending_ones_own_session_is_logging_out() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let desk = app.log_in_with(&ana, FIREFOX).await;
    desk.end(desk.session_id).await.expect(204);
    let refused = app.refresh(&desk.refresh_token).await;
    refused.error(401, "INVALID_REFRESH_TOKEN");
    assert_eq!(app.count("audit_log where event = 'logged_out'").await, 1);
    assert_eq!(
        app.count("audit_log where event = 'session_ended'").await,
        0
    );
}

#[tokio::test]
async fn nobody_ends_a_session_of_somebody_else() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let (anas, bobs) = (
        app.log_in_with(&ana, FIREFOX).await,
        app.log_in_with(&bob, SAFARI).await,
    );
    for id in [
        bobs.session_id.to_string(),
        Uuid::now_v7().to_string(),
        "x".to_owned(),
    ] {
        anas.end(id).await.error(404, "SESSION_NOT_FOUND");
    }
    anas.api.delete(SESSIONS).await.expect(204);
    app.refresh(&bobs.refresh_token).await.expect(200);
    for method in ["GET", "DELETE"] {
        let answer = app.api().request(method, SESSIONS).send().await;
        answer.error(401, "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn ending_all_others_leaves_the_asking_one() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let desk = app.log_in_with(&ana, FIREFOX).await;
    let others = [
        app.log_in_with(&ana, SAFARI).await,
        app.log_in_with(&ana, FIREFOX).await,
    ];
    for _ in 0..2 {
        desk.api.delete(SESSIONS).await.expect(204);
    }
    let ended = others[0].api.clone();
    for other in others {
        let refused = app.refresh(&other.refresh_token).await;
        refused.error(401, "INVALID_REFRESH_TOKEN");
    }
    app.refresh(&desk.refresh_token).await.expect(200);
    assert_eq!(desk.sessions().await.len(), 1);
    // The access token of an ended session lives on for minutes, but ends nobody's sessions.
    for refused in [SESSIONS, &format!("{SESSIONS}/{}", desk.session_id)] {
        let refused = ended.delete(refused).await;
        refused.error(401, "UNAUTHENTICATED");
    }
    let export = ended.act("/users/me/export").await;
    export.error(401, "UNAUTHENTICATED");
    let noted = "select detail from users.audit_log where event = 'session_ended'";
    let noted: String = app.value(noted, &[]).await;
    assert_eq!(noted, "2 other sessions");
}

#[tokio::test]
async fn sessions_that_ended_or_ran_out_are_not_listed() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.log_in_with(&ana, SAFARI).await;
    app.clock.advance(Duration::days(20));
    let tablet = app.log_in_with(&ana, SAFARI).await;
    let api = app.api();
    let ended = api.with_refresh_token("/auth/logout", &tablet.refresh_token);
    ended.await.expect(204);
    app.clock.advance(Duration::days(11));
    let desk = app.log_in_with(&ana, FIREFOX).await;
    assert_eq!(desk.devices().await, ["Firefox on Windows"]);
}
