//! One structured line for each request, and no secret in any.

use crate::support::{Api, Database, KEY, Program, eventually};
use serde_json::{Value, json};
use std::fs;

const PASSWORD: &str = "correct horse battery";

async fn program(database: &Database, data: &tempfile::TempDir) -> Program {
    Program::start(&[
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("LOG_FORMAT", "json"),
    ])
    .await
}

/// Every line that is JSON; everything that is logged must be.
fn lines(program: &Program) -> Vec<Value> {
    let output = program.output();
    let lines = output.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// The line of the request with this trace id.
async fn line(program: &Program, trace_id: &str) -> Value {
    let found = || async {
        let all = lines(program).into_iter();
        let mut own = all.filter(|l| l["trace_id"] == trace_id && l.get("status_code").is_some());
        let first = own.next();
        assert!(own.next().is_none(), "one line a request");
        first
    };
    eventually("the line of a request", found).await
}

/// The token of the one mail in the folder.
async fn mailed_token(data: &tempfile::TempDir) -> String {
    eventually("a mail", || async {
        let mut files = fs::read_dir(data.path().join("mail")).ok()?;
        let path =
            files.find_map(|file| Some(file.ok()?.path()).filter(|p| p.extension().is_some()))?;
        let text = fs::read_to_string(path).ok()?;
        let token = text.split("/verify?token=").nth(1)?;
        Some(
            token
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
                .next()?
                .to_owned(),
        )
    })
    .await
}

#[tokio::test]
async fn a_request_is_one_line_with_these_fields() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let program = program(&database, &data).await;
    let api = Api::new(&program.url);
    let get = |path: &str, id: &str| api.request("GET", path).header("X-Trace-Id", id).send();
    get("/users?username=ana&secret=in-the-query", "trace-1")
        .await
        .expect(200);
    let first = line(&program, "trace-1").await;
    assert_eq!(
        (&first["method"], &first["path"]),
        (&json!("GET"), &json!("/users"))
    );
    assert_eq!(first["status_code"], 200);
    assert!(
        first["duration_ms"]
            .as_f64()
            .is_some_and(|ms| ms > 0.0 && ms < 60_000.0),
        "{first}"
    );
    assert!(
        first["user_id"].as_str().is_none_or(str::is_empty),
        "nobody in particular: {first}"
    );
    get("/nowhere%0a{\"level\":\"INFO\"}", "trace-2")
        .await
        .expect(404);
    assert_eq!(line(&program, "trace-2").await["status_code"], 404);
    let post = api
        .request("POST", "/auth/login")
        .header("X-Trace-Id", "trace-3");
    post.body("application/json", "[]").send().await.expect(400);
    assert_eq!(line(&program, "trace-3").await["method"], "POST");
    assert!(!program.output().contains("in-the-query"));
}

#[tokio::test]
async fn the_line_says_who_asked_and_nothing_that_is_secret() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let program = program(&database, &data).await;
    let api = Api::new(&program.url);
    let new = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
    let request = api
        .request("POST", "/auth/register")
        .header("X-Trace-Id", "trace-reg");
    let made = request.json(&new).send().await.expect(201).json();
    let mailed = mailed_token(&data).await;
    api.get(&format!("/verify?token={mailed}")).await;
    api.post("/auth/verify", json!({ "token": mailed }))
        .await
        .expect(200);
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    let wrong = json!({ "email": "ana@example.org", "password": "another secret" });
    api.post("/auth/login", wrong).await.expect(401);
    let login = api.post("/auth/login", typed).await.expect(200);
    let renewed = api
        .with_refresh_token("/auth/refresh", &login.refresh_token())
        .await
        .expect(200);
    let me = api.bearer(&renewed.access_token());
    me.request("GET", "/users/me")
        .header("X-Trace-Id", "trace-me")
        .send()
        .await
        .expect(200);
    assert_eq!(line(&program, "trace-me").await["user_id"], made["id"]);
    let query = format!("/users/me?access_token={}", login.access_token());
    api.request("GET", &query)
        .header("X-Trace-Id", "trace-last")
        .send()
        .await
        .expect(401);
    line(&program, "trace-last").await;

    let output = program.output();
    let signature = |token: String| token.rsplit('.').next().unwrap().to_owned();
    for secret in [
        PASSWORD.to_owned(),
        "another secret".to_owned(),
        mailed,
        login.refresh_token(),
        renewed.refresh_token(),
        signature(login.access_token()),
        signature(renewed.access_token()),
        KEY.lines().nth(3).unwrap().to_owned(),
        "$argon2id".to_owned(),
    ] {
        assert!(!output.contains(&secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_failed_mail_is_logged_with_the_trace_of_its_cause() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(&[
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("LOG_FORMAT", "json"),
        ("EMAIL_URL", "smtp://127.0.0.1:1?tls=none"),
    ])
    .await;
    let new = json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD });
    let request = Api::new(&program.url).request("POST", "/auth/register");
    request
        .header("X-Trace-Id", "trace-cause")
        .json(&new)
        .send()
        .await
        .expect(201);
    eventually("the failure is logged", || async {
        let all = lines(&program).into_iter();
        let mut failures = all.filter(|l| {
            l["trace_id"] == "trace-cause" && (l["level"] == "WARN" || l["level"] == "ERROR")
        });
        failures.next()
    })
    .await;
}

#[tokio::test]
async fn each_start_with_the_limits_off_warns() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(&[
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("LOG_FORMAT", "text"),
        ("RATE_LIMITS", "off"),
    ])
    .await;
    eventually("a warning", || async {
        let output = program.output();
        let mut lines = output.lines();
        lines
            .find(|line| line.contains("WARN") && line.contains("RATE_LIMITS"))
            .map(str::to_owned)
    })
    .await;
}
