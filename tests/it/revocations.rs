//! `GET /auth/revocations`: other services hear of ended sessions within seconds.

use crate::{
    devices::FIREFOX,
    support::{TestApp, assert_keys},
};
use serde_json::Value;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

const REVOCATIONS: &str = "/auth/revocations";

async fn ask(app: &TestApp, query: &str) -> Value {
    let answer = app
        .api()
        .get(&format!("{REVOCATIONS}{query}"))
        .await
        .expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_keys(&answer.json(), "items next_since next_cursor");
    answer.json()
}

fn sessions(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|item| item["session_id"].as_str().unwrap().to_owned())
        .collect()
}

fn since(time: OffsetDateTime) -> String {
    format!("?since={}", time.format(&Rfc3339).unwrap())
}

#[tokio::test]
async fn whichever_way_a_session_ends_it_is_told_oldest_first() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let began = app.clock.now();
    let logged_out = app.log_in_with(&ana, FIREFOX).await;
    let stolen = app.log_in_with(&ana, FIREFOX).await;
    let ended = app.log_in_with(&ana, FIREFOX).await;
    let own = app.log_in_with(&ana, FIREFOX).await;
    assert!(sessions(&ask(&app, "").await).is_empty());

    let api = app.api();
    let leave = api.with_refresh_token("/auth/logout", &logged_out.refresh_token);
    leave.await.expect(204);
    app.refresh(&stolen.refresh_token).await.expect(200);
    app.clock.advance(Duration::seconds(11));
    let replayed = app.refresh(&stolen.refresh_token).await;
    replayed.error(401, "INVALID_REFRESH_TOKEN");
    app.clock.advance(Duration::minutes(1));
    let path = format!("/users/me/sessions/{}", ended.session_id);
    own.api.delete(&path).await.expect(204);

    let expected = [logged_out, stolen, ended].map(|log_in| log_in.session_id.to_string());
    let told = ask(&app, &since(began)).await;
    assert_eq!(sessions(&told), expected);
    assert_keys(&told["items"][0], "session_id revoked_at");
    assert_eq!(sessions(&ask(&app, "").await), expected);
    let later = app.clock.now() - Duration::seconds(30);
    assert_eq!(sessions(&ask(&app, &since(later)).await), expected[2..]);
    assert!(
        !told.to_string().contains(&ana.id.to_string()),
        "no person is named"
    );
}

#[tokio::test]
async fn what_is_told_goes_back_as_far_as_access_tokens_live() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let log_in = app.log_in_with(&ana, FIREFOX).await;
    let api = app.api();
    api.with_refresh_token("/auth/logout", &log_in.refresh_token)
        .await
        .expect(204);
    app.clock
        .advance(Duration::minutes(15) + Duration::seconds(5));
    let long_ago = since(app.clock.now() - Duration::days(400));
    assert_eq!(sessions(&ask(&app, &long_ago).await).len(), 1);
    assert_eq!(sessions(&ask(&app, "").await).len(), 1);
    app.clock.advance(Duration::minutes(5));
    assert!(sessions(&ask(&app, &long_ago).await).is_empty());
}

#[tokio::test]
async fn asking_on_from_next_since_misses_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let log_in = app.log_in_with(&ana, FIREFOX).await;
    let first = ask(&app, "").await;
    assert_eq!(first["next_cursor"], Value::Null);
    // A commit that becomes visible a minute after the time it bears.
    let late = "update users.sessions set ended_at = $1 where id = $2";
    let at = app.clock.now() - Duration::minutes(1);
    app.db()
        .await
        .execute(late, &[&at, &log_in.session_id])
        .await
        .unwrap();
    let next = format!("?since={}", first["next_since"].as_str().unwrap());
    assert_eq!(
        sessions(&ask(&app, &next).await),
        [log_in.session_id.to_string()]
    );
}

#[tokio::test]
async fn more_than_an_answer_holds_is_told_in_several_even_if_all_ended_at_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let many = "insert into users.sessions (id, user_id, ended_at)
        select gen_random_uuid(), $1, $2 from generate_series(1, 1500)";
    let now = app.clock.now();
    app.db()
        .await
        .execute(many, &[&ana.id, &now])
        .await
        .unwrap();
    let first = ask(&app, "").await;
    assert_eq!(first["items"].as_array().unwrap().len(), 1_000);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ask(&app, &format!("?cursor={cursor}")).await;
    assert_eq!(second["next_cursor"], Value::Null);
    let mut all = [sessions(&first), sessions(&second)].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 1_500);
}

#[tokio::test]
async fn odd_questions_are_refused_politely() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("?since=yesterday", "since"),
        ("?since=", "since"),
        ("?since=2026-13-01T00:00:00Z", "since"),
        ("?cursor=x", "cursor"),
        ("?since=1&since=2", "since"),
    ] {
        app.api()
            .get(&format!("{REVOCATIONS}{query}"))
            .await
            .invalid(field);
    }
    let far = ask(&app, "?since=9999-12-31T23:59:59Z").await;
    assert!(sessions(&far).is_empty());
}
