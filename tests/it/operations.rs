//! USER-INFRA-001.1, 001.4: the program as an operator runs it.

use crate::support::{Api, Connection, Database, KEY, Program, TestApp, eventually, exchange};
use serde_json::json;
use std::{
    fs,
    time::{Duration, Instant},
};

#[tokio::test]
async fn user_infra_001_1_s1_three_variables_are_enough_to_serve_traffic() {
    let database = Database::empty().await;
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(&[
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("EMAIL_API_KEY", "SG.test"),
        // What the image sets besides LISTEN_ADDR.
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("AUTO_MIGRATE", "true"),
    ])
    .await;
    let api = Api::new(&program.url);
    assert_eq!(
        api.get("/health").await.expect(200).json(),
        json!({ "status": "ok" })
    );
    api.get("/register").await.expect(200);
}

#[tokio::test]
async fn user_infra_001_4_s1_health_check_returns_200() {
    let app = TestApp::start().await;
    let answer = app.api().get("/health").await.expect(200);
    assert_eq!(answer.json(), json!({ "status": "ok" }));
    app.api().get("/livez").await.expect(200);
}

#[tokio::test]
async fn with_nothing_configured_it_brings_its_own_database_and_takes_it_away() {
    let data = tempfile::tempdir().unwrap();
    let settings = [("DATA_DIR", data.path().to_str().unwrap())];
    let mut program = Program::start(&settings).await;
    let api = Api::new(&program.url);
    api.get("/health").await.expect(200);
    let body = json!({ "email": "ana@example.org", "username": "ana", "password": "correct horse battery" });
    api.post("/auth/register", body).await.expect(201);
    let mail = eventually("a mail lies in DATA_DIR", || async {
        let mut files = fs::read_dir(data.path().join("mail")).ok()?;
        files.find_map(|file| {
            let path = file.ok()?.path();
            path.extension()
                .is_some_and(|kind| kind == "eml")
                .then_some(path)
        })
    })
    .await;
    assert!(fs::read_to_string(mail).unwrap().contains("/verify?token="));
    let greeting = program.output();
    assert!(
        greeting.contains(&format!(
            "http://localhost:{}",
            program.url.rsplit(':').next().unwrap()
        )),
        "{greeting}"
    );
    program.signal("TERM");
    assert!(program.ended().await.success(), "{}", program.output());
    assert!(
        !data.path().join("pg/postmaster.pid").exists(),
        "PostgreSQL has stopped"
    );

    let again = Program::start(&settings).await;
    let known = json!({ "email": "ana@example.org", "username": "ana", "password": "correct horse battery" });
    Api::new(&again.url)
        .post("/auth/register", known)
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");
}

#[tokio::test]
async fn sigterm_drains_and_ends_with_status_0() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ];
    let mut program = Program::start(&settings).await;
    let addr = program
        .url
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let mut running = Connection::open(addr).await;
    let body = r#"{"email":"ana@example.org","password":"x"}"#;
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    running.send(format!("{head}{}", &body[..10])).await;
    let mut idle = Connection::open(addr).await;
    idle.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(idle.until("\"ok\"}").await.starts_with("HTTP/1.1 200"));

    let started = Instant::now();
    program.signal("TERM");
    let health = eventually("/health says that it drains", || async {
        let request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut connection = Connection::open(addr).await;
        connection.send(request).await;
        let answer = connection.until("}").await;
        answer
            .starts_with("HTTP/1.1 503")
            .then_some(answer.to_lowercase())
    })
    .await;
    assert!(health.contains("connection: close") && health.contains("service_unavailable"));
    assert!(health.contains("retry-after: "));
    let live = exchange(addr, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(
        live.starts_with("HTTP/1.1 200"),
        "new connections are served for a second more"
    );
    assert!(live.to_lowercase().contains("connection: close"));

    // What was running is finished, also after the listener has closed.
    eventually("the listener closes", || async {
        tokio::net::TcpStream::connect(addr)
            .await
            .is_err()
            .then_some(())
    })
    .await;
    running.send(&body[10..]).await;
    let answer = running.rest().await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(program.ended().await.success(), "{}", program.output());
    assert!(started.elapsed() < Duration::from_secs(12));
}

#[tokio::test]
async fn a_connection_that_does_nothing_holds_nobody_up() {
    let app = TestApp::start().await;
    let mut idle = Connection::open(app.addr()).await;
    let mut half = Connection::open(app.addr()).await;
    idle.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    idle.until("}").await;
    half.send("GET /livez HT").await;
    let started = Instant::now();
    app.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(13),
        "{:?}",
        started.elapsed()
    );
}
