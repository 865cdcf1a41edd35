//! The security history: what is written, what its owner reads, how long it is kept.

use crate::{
    devices::{FIREFOX, SAFARI},
    support::{Api, PASSWORD, TestApp, assert_keys, eventually, pass, statements},
};
use serde_json::{Value, json};
use time::Duration;

const HISTORY: &str = "/users/me/history";

async fn lines(api: &Api, query: &str) -> Vec<Value> {
    let answer = api.get(&format!("{HISTORY}{query}")).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_keys(&answer.json(), "items next_cursor");
    answer.json()["items"].as_array().unwrap().clone()
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn it_tells_what_happened_when_and_from_where() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let phone = app.log_in_with(&ana, SAFARI).await;
    let desk = app.log_in_with(&ana, FIREFOX).await;
    app.log_in_with(&bob, FIREFOX).await;
    let path = format!("/users/me/sessions/{}", phone.session_id);
    desk.api.delete(&path).await.expect(204);
    app.refresh(&desk.refresh_token).await.expect(200);
    app.clock.advance(Duration::seconds(11));
    app.refresh(&desk.refresh_token)
        .await
        .error(401, "INVALID_REFRESH_TOKEN");
    let tablet = app.log_in_with(&ana, SAFARI).await;
    let api = app.api();
    api.with_refresh_token("/auth/logout", &tablet.refresh_token)
        .await
        .expect(204);

    let reader = app.log_in_with(&ana, SAFARI).await;
    let told = lines(&reader.api, "").await;
    let expected =
        "logged_in logged_out logged_in refresh_token_reused session_ended logged_in logged_in";
    assert_eq!(events(&told).join(" "), expected);
    let ended = &told[4];
    assert_keys(
        ended,
        "id event count first_at last_at device network detail",
    );
    assert_eq!(ended["detail"], "Safari on iPhone");
    assert_eq!(
        (&ended["count"], &ended["network"]),
        (&json!(1), &json!("127.0.0.0/24"))
    );
    assert_eq!(told[5]["device"], "Firefox on Windows");
    assert_eq!(told[6]["device"], "Safari on iPhone");
    app.api().get(HISTORY).await.error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn failed_log_ins_are_told_in_summary() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for _ in 0..3 {
        let wrong = app.try_log_in(&ana, "not this one", FIREFOX).await;
        wrong.error(401, "INVALID_CREDENTIALS");
    }
    app.clock.advance(Duration::minutes(61));
    app.try_log_in(&ana, "nor this one", SAFARI)
        .await
        .expect(401);
    let log_in = app.log_in_with(&ana, FIREFOX).await;
    let told = lines(&log_in.api, "").await;
    assert_eq!(
        events(&told),
        ["logged_in", "log_in_failed", "log_in_failed"]
    );
    assert_eq!(
        (&told[1]["count"], &told[2]["count"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(told[2]["device"], "Firefox on Windows");
    assert!(!app.dump().await.contains("not this one"));
}

#[tokio::test]
async fn a_failure_costs_the_same_whether_or_not_there_is_an_account() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let typed = json!({ "email": "nobody@example.org", "password": PASSWORD });
    app.api().post("/auth/login", typed).await.expect(401);
    app.try_log_in(&ana, "not this one", FIREFOX)
        .await
        .expect(401);
    let whose = "select array_agg(user_id::text order by id) from users.audit_log
        where event = 'log_in_failed'";
    let whose: Vec<String> = app.value(whose, &[]).await;
    assert_eq!(whose, [uuid::Uuid::nil().to_string(), ana.id.to_string()]);
}

#[tokio::test]
async fn it_comes_in_pages_of_twenty_lines() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let many = "insert into users.audit_log (id, user_id, event, created_at)
        select lpad(to_hex(n), 32, '0')::uuid, $1, 'logged_out', $2 from generate_series(1, 45) n";
    app.db()
        .await
        .execute(many, &[&ana.id, &app.clock.now()])
        .await
        .unwrap();
    let api = app.api().of(&ana);
    let (mut query, mut pages, mut ids) = (String::new(), Vec::new(), Vec::new());
    loop {
        let page = api
            .get(&format!("{HISTORY}{query}"))
            .await
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap();
        pages.push(items.len());
        ids.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?cursor={cursor}");
    }
    assert_eq!(pages, [20, 20, 5]);
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    for odd in ["?cursor=x", "?cursor=", "?cursor=1&cursor=2"] {
        api.get(&format!("{HISTORY}{odd}")).await.invalid("cursor");
    }
}

#[tokio::test]
async fn a_long_row_of_failures_is_counted_a_stretch_at_a_time() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let many = "insert into users.audit_log (id, user_id, event, created_at)
        select lpad(to_hex(n), 32, '0')::uuid, $1, 'log_in_failed', $2
        from generate_series(1, 700) n";
    app.db()
        .await
        .execute(many, &[&ana.id, &app.clock.now()])
        .await
        .unwrap();
    let api = app.api().of(&ana);
    let first = api.get(HISTORY).await.expect(200).json();
    assert_eq!(first["items"][0]["count"], 500);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = lines(&api, &format!("?cursor={cursor}")).await;
    assert_eq!((rest.len(), &rest[0]["count"]), (1, &json!(200)));
}

#[tokio::test]
async fn it_is_kept_for_180_days() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.log_in_with(&ana, FIREFOX).await;
    app.clock
        .advance(Duration::days(180) - Duration::minutes(1));
    let log_in = app.log_in_with(&ana, FIREFOX).await;
    assert_eq!(lines(&log_in.api, "").await.len(), 2);
    app.clock.advance(Duration::minutes(2));
    assert_eq!(lines(&log_in.api, "").await.len(), 1);
    assert_eq!(app.count("audit_log where event = 'logged_in'").await, 2);
    pass(601).await;
    eventually("the old line is forgotten", || async {
        (app.count("audit_log where event = 'logged_in'").await == 1).then_some(())
    })
    .await;
}

#[test]
fn no_statement_changes_a_line_of_the_log_but_to_forget_a_deleted_account() {
    let statements = statements();
    let doing = |what: &str| {
        let texts = statements.iter().map(|(_, sql)| sql);
        texts.filter(|sql| sql.contains(what)).collect::<Vec<_>>()
    };
    assert!(!doing(r#"INSERT INTO "users"."audit_log""#).is_empty());
    let changes = doing(r#"UPDATE "users"."audit_log""#);
    let forgets =
        r#"UPDATE "users"."audit_log" SET "address" = $1, "device" = $2, "detail" = $3 WHERE"#;
    assert!(changes.iter().all(|sql| sql.starts_with(forgets)));
    assert_eq!(changes.len(), 1);
}
