//! How long stopping takes at most, and that everybody who stops the service waits for that long.

use crate::{
    deployment::{file, yaml},
    support::{Api, Connection, Database, KEY, Mode, Program, Sink},
};
use serde_json::json;
use std::{fs, time::Instant};
use tokio::net::TcpListener;
use users_service::ops::service::STOPS_WITHIN;

#[tokio::test]
async fn a_request_a_mail_and_a_collector_that_hang_hold_up_the_end_together_not_one_after_another()
{
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let sink = Sink::start().await;
    sink.set(Mode::Silent);
    // Accepts and says nothing.
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("http://{}", collector.local_addr().unwrap());
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", data.path().to_str().unwrap()),
        ("EMAIL_URL", &sink.url),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
    ];
    let mut program = Program::start(&settings).await;
    let ana = json!({ "email": "ana@example.org", "username": "ana", "password": "correct horse battery" });
    Api::new(&program.url)
        .post("/auth/register", ana)
        .await
        .expect(201);
    sink.mail_to("ana@example.org").await;
    let mut hangs = Connection::open(program.addr()).await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    hangs.send(head).await;
    hangs.until("\r\n\r\n").await;
    let began = Instant::now();
    program.signal("TERM");
    let status = program.ended().await;
    let took = began.elapsed();
    assert!(status.success(), "{}", program.output());
    // As the documents say, in whole seconds.
    assert!(took.as_secs() <= STOPS_WITHIN.as_secs(), "{took:?}");
    drop(hangs);
}

/// The seconds that stand after `before` in a file.
fn seconds(path: &str, before: &str) -> u64 {
    let text = fs::read_to_string(file(path)).expect(path);
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{path}: {before}"));
    let number: String = rest
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    number
        .parse()
        .unwrap_or_else(|_| panic!("{path}: {before}"))
}

#[test]
fn everybody_who_stops_the_service_waits_for_longer_than_it_takes() {
    let needed = STOPS_WITHIN.as_secs() + 1;
    let compose = yaml("compose.yaml")["x-users-service"]["stop_grace_period"].clone();
    let compose: u64 = compose
        .as_str()
        .unwrap()
        .trim_end_matches('s')
        .parse()
        .unwrap();
    let systemd = seconds("deploy/systemd/users-service@.service", "TimeoutStopSec=");
    let pod = yaml("deploy/kubernetes/deployment.yaml")["spec"]["template"]["spec"].clone();
    let before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        .as_u64()
        .unwrap();
    let kubernetes = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    for (who, waits) in [
        ("compose", compose),
        ("systemd", systemd),
        ("kubernetes", kubernetes - before),
    ] {
        assert!(
            waits > needed,
            "{who} waits for {waits} s, stopping takes up to {needed} s"
        );
    }
    // What the documents say is what holds.
    let needed = needed.to_string();
    for (path, words) in [
        ("compose.yaml", "Longer than the @ seconds"),
        (
            "deploy/systemd/users-service@.service",
            "Longer than the @ seconds",
        ),
        (
            "deploy/kubernetes/deployment.yaml",
            "the @ seconds that stopping takes",
        ),
        ("Dockerfile", "stops within @ seconds"),
        ("docs/operations.md", "at most @ seconds after SIGTERM"),
    ] {
        let words = words.replace('@', &needed);
        let text = fs::read_to_string(file(path)).unwrap();
        assert!(text.contains(&words), "{path} lacks: {words}");
    }
    let operations = "docs/operations.md";
    assert_eq!(seconds(operations, "docker stop --timeout "), compose);
    assert_eq!(
        seconds(
            operations,
            "five seconds during which the pod still serves while nodes learn that it goes, then SIGTERM;"
        ),
        kubernetes
    );
}
