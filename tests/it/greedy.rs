//! Clients that take more than their share, on the service's own port: each is ended within a time
//! and a memory bound, and others are served meanwhile.

use crate::support::{
    Connection, Database, KEY, PASSWORD, PATIENCE, PROGRAM, Program, TestApp, bare, eventually,
    exchange, free_port, pass, png_of_exactly,
};
use serde_json::json;
use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use users_service::ops::open_files;

const GET: &str = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

async fn idle(addr: SocketAddr, count: usize) -> Vec<Connection> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        connections.push(Connection::open_from(9, addr).await);
    }
    connections
}

#[tokio::test]
async fn who_asks_and_asks_and_reads_no_answer_is_cut_off() {
    let app = TestApp::start().await;
    let whole = exchange(
        app.addr(),
        "GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    let whole = whole.await.len();
    let mut greedy = Connection::open(app.addr()).await;
    // Far more than what both ends keep in their sockets.
    let asked = 300;
    greedy
        .send("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(asked))
        .await;
    let deadline = Instant::now() + PATIENCE;
    while greedy.send_or_fail(b"G").await {
        assert!(Instant::now() < deadline, "the connection is never ended");
        app.api().get("/livez").await.expect(200);
        pass(11).await;
    }
    let sent = greedy.rest().await.len();
    assert!(
        sent < asked * whole / 2,
        "{sent} bytes of {asked} × {whole}"
    );
}

#[tokio::test]
async fn a_thousand_connections_that_say_nothing_are_all_ended_and_hold_nobody_up() {
    let app = TestApp::start().await;
    let silent = idle(app.addr(), 1_000).await;
    app.api().get("/health").await.expect(200);
    pass(11).await;
    for mut connection in silent {
        assert_eq!(connection.rest().await, "");
    }
}

fn settings<'a>(database: &'a Database, data: &'a TempDir) -> [(&'a str, &'a str); 3] {
    [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ]
}

#[tokio::test]
async fn a_flood_of_connections_makes_room_for_others_before_its_time() {
    let (database, data) = (Database::migrated().await, tempfile::tempdir().unwrap());
    let mut limited = bare("sh", &settings(&database, &data));
    // With 200 files there are places for 150 connections.
    limited.args(["-c", "ulimit -n 200; exec \"$0\" serve", PROGRAM]);
    let program = Program::serve(limited, &format!("127.0.0.1:{}", free_port())).await;
    let began = Instant::now();
    let mut first = Connection::open(program.addr()).await;
    let flood = idle(program.addr(), 160).await;
    for _ in 0..3 {
        let answer = exchange(program.addr(), GET).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // That was not because the ten seconds of the first ones were over.
    if began.elapsed() < Duration::from_secs(9) {
        first.send(GET).await;
        assert!(first.rest().await.starts_with("HTTP/1.1 200"));
    }
    drop(flood);
}

#[tokio::test]
async fn an_idle_connection_costs_little_memory() {
    const MANY: usize = 5_000;
    let files = open_files::raise();
    let (database, data) = (Database::migrated().await, tempfile::tempdir().unwrap());
    let program = Program::start(&settings(&database, &data)).await;
    let resident = || -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<usize>().unwrap() * 1024
    };
    exchange(program.addr(), GET).await;
    let before = resident();
    let count = MANY.min(usize::try_from(files).unwrap() / 2);
    let mut half = idle(program.addr(), count).await;
    for connection in &mut half {
        connection.send("GET /").await;
    }
    // They are all accepted, and more than that.
    let answer = exchange(program.addr(), GET).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let each = resident().saturating_sub(before) / count;
    println!("{count} connections with half a head: {each} bytes each");
    assert!(each < 64 * 1024, "{each} bytes each");
}

#[tokio::test]
async fn bodies_take_no_more_memory_together_than_they_may() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let picture = png_of_exactly(2_000_000);
    // Whoever has a cookie may be about to upload a picture. 67 of these fit into the memory.
    let head = "PUT /users/me/avatar HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 2100000\r\n\r\n";
    let mut held = Vec::new();
    while held.len() < 67 || api.upload(&picture).await.status == 200 {
        let mut connection = Connection::open(app.addr()).await;
        connection.send(head).await;
        connection.send(&picture).await;
        held.push(connection);
        assert!(held.len() < 150, "there is room for everything");
    }
    let refused = api.upload(&picture).await;
    refused.error(503, "SERVICE_UNAVAILABLE");
    assert!(refused.header("retry-after").is_some());
    // What is small still finds room, and who goes leaves theirs to others.
    let typed = json!({ "email": ana.email, "password": PASSWORD });
    app.api().post("/auth/login", typed).await.expect(200);
    drop(held);
    eventually("there is room again", || async {
        (api.upload(&picture).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_body_without_length_or_end_is_cut_off_early() {
    let app = TestApp::start().await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mib = "x".repeat(1024 * 1024);
    for (begin, piece) in [
        // Chunk after chunk,
        (String::new(), format!("100000\r\n{mib}\r\n")),
        // one of them as large as can be,
        ("fffffffffff\r\n".to_owned(), mib.clone()),
        // its size with an extension that never ends,
        ("1;".to_owned(), mib.clone()),
        // and trailers after the last.
        ("0\r\n".to_owned(), format!("X-A: {mib}\r\n")),
    ] {
        let mut connection = Connection::open(app.addr()).await;
        connection.send(format!("{head}{begin}")).await;
        let mut sent = 0;
        while sent < 100 && connection.send_or_fail(piece.as_bytes()).await {
            sent += 1;
        }
        assert!(sent < 60, "{sent} MiB were read after {begin:?}");
        let answer = connection.rest().await;
        let refused = ["HTTP/1.1 400", "HTTP/1.1 413"];
        assert!(
            answer.is_empty() || refused.iter().any(|status| answer.starts_with(status)),
            "{answer}"
        );
    }
    app.api().get("/health").await.expect(200);
}
