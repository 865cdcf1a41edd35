//! A log that nobody reads, or that is closed, holds up nobody.

use crate::support::{Api, Database, KEY, Program, eventually};
use std::io::{BufRead, BufReader, Read};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn unheard(database: &Database, data: &tempfile::TempDir) -> (Program, impl Read + use<>) {
    Program::unheard(&[
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("LOG_FORMAT", "json"),
    ])
    .await
}

/// How many lines were dropped so far, as the metrics tell.
async fn dropped(api: &Api) -> u64 {
    let metrics = api.get("/metrics").await.expect(200).text();
    let told = metrics
        .lines()
        .find_map(|line| line.strip_prefix("log_lines_dropped_total "));
    told.expect("told from the start").parse().unwrap()
}

/// Asks more often than the queue has places, and without waiting for the answers in between.
async fn fill(program: &Program) {
    const TIMES: usize = 6_000;
    let address = program.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut answers, mut requests) = stream.split();
    let one = "GET /livez HTTP/1.1\r\nHost: a\r\n";
    let all = format!("{one}\r\n").repeat(TIMES - 1) + one + "Connection: close\r\n\r\n";
    let mut told = String::new();
    let (asked, answered) = tokio::join!(
        requests.write_all(all.as_bytes()),
        answers.read_to_string(&mut told),
    );
    asked.and(answered).unwrap();
    assert_eq!(told.matches("HTTP/1.1 200 OK").count(), TIMES);
}

#[tokio::test]
async fn a_log_that_nobody_reads_loses_lines_and_nothing_else() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let (mut program, mut stdout) = unheard(&database, &data).await;
    let api = Api::new(&program.url);
    assert_eq!(dropped(&api).await, 0);
    fill(&program).await;
    api.get("/health").await.expect(200);
    assert!(dropped(&api).await > 0);
    program.signal("TERM");
    assert!(program.ended().await.success());
    let mut written = Vec::new();
    stdout.read_to_end(&mut written).unwrap();
    let first = written.split(|byte| *byte == b'\n').next().unwrap();
    serde_json::from_slice::<serde_json::Value>(first).expect("whole lines");
}

#[tokio::test]
async fn a_reader_that_comes_back_gets_new_lines() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let (program, stdout) = unheard(&database, &data).await;
    let api = Api::new(&program.url);
    fill(&program).await;
    let reader = std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("read-again")));
    });
    eventually("a new line is read", || async {
        let request = api.request("GET", "/livez");
        request.header("X-Trace-Id", "read-again").send().await;
        reader.is_finished().then_some(())
    })
    .await;
    reader.join().unwrap();
}

#[tokio::test]
async fn a_log_that_is_closed_is_done_without() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let (mut program, stdout) = unheard(&database, &data).await;
    drop(stdout);
    let api = Api::new(&program.url);
    eventually("lines are dropped", || async {
        api.get("/health").await.expect(200);
        (dropped(&api).await > 0).then_some(())
    })
    .await;
    api.get("/@nobody").await.expect(404);
    program.signal("TERM");
    assert!(program.ended().await.success());
}
