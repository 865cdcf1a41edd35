//! The trace id: on every line that is written for somebody, and on every page that says that
//! something went wrong.

use crate::support::{Api, Database, KEY, PASSWORD, Program, TestApp, connect, eventually};
use serde_json::{Value, json};

async fn program(database: &Database, data: &tempfile::TempDir, own: &[(&str, &str)]) -> Program {
    let mut settings = vec![
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("LOG_FORMAT", "json"),
        ("REQUIRE_VERIFIED_EMAIL", "false"),
    ];
    settings.extend(own);
    Program::start(&settings).await
}

/// Waits for a line that begins with these words, and gives all of its level and trace.
async fn line(program: &Program, message: &str) -> Value {
    eventually(message, || async {
        let output = program.output();
        let lines = output.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str::<Value>(line).expect(line))
            .find(|line| {
                line["message"]
                    .as_str()
                    .is_some_and(|m| m.starts_with(message))
            })
    })
    .await
}

async fn register(api: &Api, trace: &str) {
    let new = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
    let request = api.request("POST", "/auth/register").json(&new);
    request.header("X-Trace-Id", trace).send().await.expect(201);
}

#[tokio::test]
async fn lines_of_a_request_bear_its_trace_also_from_other_threads() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    // Whatever is left of the lines keeps its trace.
    let program = program(&database, &data, &[("RUST_LOG", "warn")]).await;
    let api = Api::new(&program.url);
    register(&api, "trace-new").await;
    let db = connect(database.url()).await;
    let spoil = "update users.users set password_hash = '$argon2id$spoilt'";
    db.batch_execute(spoil).await.unwrap();
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    let request = api.request("POST", "/auth/login").json(&typed);
    request
        .header("X-Trace-Id", "trace-hash")
        .send()
        .await
        .expect(401);
    let told = line(&program, "a stored password hash can't be read").await;
    assert_eq!(
        (&told["trace_id"], &told["level"]),
        (&json!("trace-hash"), &json!("ERROR"))
    );

    let hide = "alter table users.users rename to hidden";
    db.batch_execute(hide).await.unwrap();
    let request = api.request("GET", "/users?username=ana");
    request
        .header("X-Trace-Id", "trace-500")
        .send()
        .await
        .expect(500);
    let told = line(&program, "request failed").await;
    assert_eq!(told["trace_id"], "trace-500");
    let keys: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    assert!(
        keys.iter().all(|key| key != "span" && key != "spans"),
        "{keys:?}"
    );
}

#[tokio::test]
async fn lines_of_mails_and_of_work_in_the_background_bear_a_trace() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let nowhere = [("EMAIL_URL", "smtp://127.0.0.1:1?tls=none")];
    let program = program(&database, &data, &nowhere).await;
    register(&Api::new(&program.url), "trace-mail").await;
    let told = line(&program, "mail not sent").await;
    assert_eq!(told["trace_id"], "trace-mail");
    database.allow_connections(false).await;
    for work in ["can't look for mails owed", "can't look for copies"] {
        let told = line(&program, work).await;
        let id = told["trace_id"].as_str().expect("a trace");
        assert!(id.len() == 32 && id != "trace-mail", "{told}");
    }
}

#[tokio::test]
async fn the_line_of_a_request_has_the_fields_of_the_contract() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let program = program(&database, &data, &[]).await;
    let request = Api::new(&program.url).request("GET", "/livez");
    request
        .header("X-Trace-Id", "trace-1")
        .send()
        .await
        .expect(200);
    let told = eventually("the line", || async {
        let output = program.output();
        let mut lines = output.lines().filter(|line| line.contains("\"trace-1\""));
        lines.next().map(str::to_owned)
    })
    .await;
    assert_eq!(told.matches("trace_id").count(), 1, "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let mut keys: Vec<_> = told
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    let expected =
        "duration_ms level message method path status_code target timestamp trace_id user_id";
    assert_eq!(keys.join(" "), expected);
}

#[tokio::test]
async fn text_for_people_has_the_trace_too() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let program = program(&database, &data, &[("LOG_FORMAT", "text")]).await;
    let hide = "alter table users.users rename to hidden";
    let db = connect(database.url()).await;
    db.batch_execute(hide).await.unwrap();
    let request = Api::new(&program.url).request("GET", "/users?username=ana");
    request
        .header("X-Trace-Id", "trace-text")
        .send()
        .await
        .expect(500);
    eventually("the line", || async {
        let output = program.output();
        let mut lines = output.lines().filter(|line| line.contains("ERROR"));
        lines
            .any(|line| line.contains("request failed") && line.contains("trace-text"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn pages_of_errors_and_forms_that_failed_show_the_trace() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut signed_in = app.signed_in(&ana).await;
    let page = signed_in.open("/@ana/followers?page=0").await;
    assert_eq!(page.status, 422);
    page.shows(page.header("x-trace-id").unwrap());
    let mut visitor = app.visitor();
    visitor.open("/login").await;
    let hide = "alter table users.users rename to hidden";
    app.db().await.batch_execute(hide).await.unwrap();
    let refused = visitor.send("Log in", &[]).await;
    assert_eq!(refused.status, 422);
    let id = refused.header("x-trace-id").unwrap();
    assert!(!refused.text().contains(id), "nothing failed");
    let typed = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    let page = visitor.send("Log in", &typed).await;
    assert_eq!(page.status, 500, "{}", page.text());
    page.shows(page.header("x-trace-id").unwrap());
    for (path, status) in [("/nowhere", 404), ("/@ana", 500)] {
        let page = visitor.open(path).await;
        assert_eq!(page.status, status, "{path}");
        page.shows(page.header("x-trace-id").unwrap());
    }
}
