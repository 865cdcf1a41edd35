//! Slow clients of nginx. The test waits one second where the shipped configuration waits ten.

use crate::{
    nginx::behind_nginx,
    support::{Connection, Nginx, TlsConnection, pass},
};
use std::time::{Duration, Instant};

/// Sends what is there of a request, and says how long nginx waited for the rest.
async fn waited(nginx: &Nginx, part: &str) -> (String, Duration) {
    let mut connection = TlsConnection::open(nginx);
    connection.send(part).await;
    let begin = Instant::now();
    (connection.rest().await, begin.elapsed())
}

#[tokio::test]
async fn half_a_head_is_not_waited_for() {
    let (_app, nginx) = behind_nginx().await;
    for part in ["", "GET /login HTTP/1.1\r\nHost: loc"] {
        let (answer, took) = waited(&nginx, part).await;
        assert!(
            !answer.contains("200 OK") && took < Duration::from_secs(8),
            "{took:?}: {answer}"
        );
        let mut plain = Connection::open(nginx.plain).await;
        plain.send(part).await;
        plain.rest().await;
    }
}

#[tokio::test]
async fn half_a_body_is_not_waited_for() {
    let (_app, nginx) = behind_nginx().await;
    let half = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"email\":";
    let (answer, took) = waited(&nginx, half).await;
    assert!(took < Duration::from_secs(8), "{took:?}: {answer}");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_drips_is_ended_by_the_service_and_holds_nobody_up() {
    let (_app, nginx) = behind_nginx().await;
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
    let mut connection = TlsConnection::open(&nginx);
    connection.send(head).await;
    // Each byte is in time for nginx; together they last longer than the service waits.
    for _ in 0..200 {
        connection.send(" ").await;
        nginx.api().get("/static/nothing").await.expect(404);
        pass(1).await;
    }
    let answer = connection.rest().await;
    assert!(
        answer.contains("408") && answer.contains("REQUEST_TIMEOUT"),
        "{answer}"
    );
}
