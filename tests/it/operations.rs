//! USER-INFRA-001.1, 001.4: the program as an operator runs it.

use crate::support::{
    Api, Connection, Database, KEY, Mail, Program, TestApp, eventually, exchange, pass, run,
};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::Output,
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

fn ana() -> Value {
    json!({ "email": "ana@example.org", "username": "ana", "password": "correct horse battery" })
}

/// The token in the one mail that lies in `DATA_DIR`.
async fn mailed_token(data: &Path) -> String {
    eventually("a mail lies in DATA_DIR", || async {
        let mut files = fs::read_dir(data.join("mail")).ok()?;
        let path = files.find_map(|file| {
            Some(file.ok()?.path()).filter(|p| p.extension().is_some_and(|kind| kind == "eml"))
        })?;
        Some(Mail::of("", &fs::read_to_string(path).ok()?).token())
    })
    .await
}

#[tokio::test]
async fn with_nothing_configured_it_brings_its_own_database_and_takes_it_away() {
    let data = tempfile::tempdir().unwrap();
    let settings = [("DATA_DIR", data.path().to_str().unwrap())];
    let mut program = Program::start(&settings).await;
    let api = Api::new(&program.url);
    api.get("/health").await.expect(200);
    api.post("/auth/register", ana()).await.expect(201);
    let token = mailed_token(data.path()).await;
    api.post("/auth/verify", json!({ "token": token }))
        .await
        .expect(200);
    let port = program.url.rsplit(':').next().unwrap().to_owned();
    eventually(
        "it says where to open it and where its mails lie",
        || async {
            let greeting = program.output();
            let address = greeting.contains(&format!("http://localhost:{port}"));
            let mails = greeting.contains("mail") && greeting.contains("/dev/mail");
            (address && mails).then_some(())
        },
    )
    .await;
    program.signal("TERM");
    assert!(program.ended().await.success(), "{}", program.output());
    assert!(
        !data.path().join("pg/postmaster.pid").exists(),
        "PostgreSQL has stopped"
    );
}

#[tokio::test]
async fn its_own_database_and_key_survive_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let settings = [
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("PUBLIC_URL", "http://localhost"),
    ];
    let program = Program::start(&settings).await;
    let api = Api::new(&program.url);
    api.post("/auth/register", ana()).await.expect(201);
    let token = mailed_token(data.path()).await;
    api.post("/auth/verify", json!({ "token": token }))
        .await
        .expect(200);
    let login = api.post("/auth/login", ana()).await.expect(200);
    // SIGKILL: nothing could be tidied up.
    drop(program);

    let mut program = Program::start(&settings).await;
    let api = Api::new(&program.url);
    api.bearer(&login.access_token())
        .get("/users/me")
        .await
        .expect(200);
    api.with_refresh_token("/auth/refresh", &login.refresh_token())
        .await
        .expect(200);
    api.post("/auth/register", ana())
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");
    program.signal("TERM");
    assert!(program.ended().await.success());
}

#[test]
fn user_infra_001_1_s1_the_image_sets_what_the_contract_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile");
    let image = fs::read_to_string(path).unwrap();
    for setting in [
        "LISTEN_ADDR=0.0.0.0:8080",
        "DATA_DIR=/data",
        "AUTO_MIGRATE=true",
    ] {
        assert!(image.contains(setting), "{setting}");
    }
    assert!(image.contains("EXPOSE 8080") && image.contains("users-service"));
    let user = image
        .lines()
        .filter_map(|line| line.strip_prefix("USER "))
        .next_back()
        .unwrap();
    assert!(
        !user.starts_with("root") && !user.starts_with("0:") && user != "0",
        "{user}"
    );
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
    let addr = app.addr();
    app.api().get("/livez").await.expect(200);
    let time_passes = async {
        pass(2).await;
        eventually("the listener closes", || async {
            tokio::net::TcpStream::connect(addr)
                .await
                .is_err()
                .then_some(())
        })
        .await;
        pass(11).await;
    };
    tokio::join!(app.stop(), time_passes);
}

#[tokio::test]
async fn healthcheck_tells_containers_whether_it_is_ready() {
    let app = TestApp::start().await;
    let port = app.addr().port();
    for addr in [format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}")] {
        let asked = ask_for_health(addr.clone()).await;
        assert!(asked.status.success(), "{addr}: {asked:?}");
    }
    app.database.allow_connections(false).await;
    let addr = format!("127.0.0.1:{port}");
    assert_eq!(ask_for_health(addr.clone()).await.status.code(), Some(1));
    app.stop().await;
    assert_eq!(ask_for_health(addr).await.status.code(), Some(1));
    let odd = ask_for_health("8080".to_owned()).await;
    assert!(String::from_utf8_lossy(&odd.stderr).contains("LISTEN_ADDR must be an address"));
}

async fn ask_for_health(addr: String) -> Output {
    let ask = move || run(&["healthcheck"], &[("LISTEN_ADDR", &addr)]);
    tokio::task::spawn_blocking(ask).await.unwrap()
}
