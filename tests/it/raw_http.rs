//! Requests that no decent client sends, and clients that are slow.

use crate::support::{Connection, TestApp, exchange, pass};

fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.unwrap_or_default()
}

/// The complete request with this head, which ends in a blank line, and body.
async fn send(app: &TestApp, head: &str, body: &str) -> String {
    let head = head.replace('\n', "\r\n");
    exchange(
        app.addr(),
        format!("{head}\r\nConnection: close\r\n\r\n{body}"),
    )
    .await
}

const LOGIN: &str = "POST /auth/login HTTP/1.1\nHost: x\nContent-Type: application/json";

#[tokio::test]
async fn chunked_bodies_are_read_and_bounded() {
    let app = TestApp::start().await;
    let chunked = format!("{LOGIN}\nTransfer-Encoding: chunked");
    let answer = send(&app, &chunked, "2\r\n{}\r\n0\r\n\r\n").await;
    assert_eq!(status(&answer), 422, "{answer}");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let answer = send(&app, &chunked, &format!("{}0\r\n\r\n", chunk.repeat(2))).await;
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.contains("PAYLOAD_TOO_LARGE"));
}

#[tokio::test]
async fn a_body_that_breaks_off_does_nothing() {
    let app = TestApp::start().await;
    let body = r#"{"email":"ana@example.org","username":"ana","password":"correct horse battery"}"#;
    let head = "POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for (length, sent) in [(body.len() + 1, body), (body.len(), &body[..20])] {
        let mut connection = Connection::open(app.addr()).await;
        connection
            .send(format!("{head}Content-Length: {length}\r\n\r\n{sent}"))
            .await;
        drop(connection);
    }
    for bad in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x0\r\n\r\n",
        "fffffffffffffffff\r\n{}",
    ] {
        let chunked = format!("{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{bad}");
        let answer = exchange(app.addr(), chunked).await;
        assert!(answer.is_empty() || status(&answer) == 400, "{answer}");
    }
    // The service is none the worse for it.
    app.api().get("/health").await.expect(200);
    assert_eq!(app.count("users").await, 0);
}

#[tokio::test]
async fn heads_that_could_be_read_in_two_ways_are_refused() {
    let app = TestApp::start().await;
    for head in [
        "GET /livez HTTP/1.1",
        "GET /livez HTTP/1.1\nHost: a\nHost: b",
        "POST /auth/login HTTP/1.1\nHost: x\nContent-Length: 2\nContent-Length: 3",
        "POST /auth/login HTTP/1.1\nHost: x\nContent-Length: -1",
        "POST /auth/login HTTP/1.1\nHost: x\nContent-Length: 2, 2",
        "POST /auth/login HTTP/1.1\nHost: x\nContent-Length: 2\nTransfer-Encoding: chunked",
        "POST /auth/login HTTP/1.1\nHost: x\nTransfer-Encoding: chunked, identity",
        "GET /livez HTTP/1.1\nHost : x",
        "GET /livez HTTP/1.1\nHost: x\n folded: y",
        "GET /livez HTTP/9.9\nHost: x",
        "GET  /livez HTTP/1.1\nHost: x",
        "\0\0\0",
    ] {
        let answer = send(&app, head, "{}").await;
        let answers = answer.matches("HTTP/1.1 ").count();
        assert!(answers <= 1, "{head:?}: {answer}");
        assert!(!answer.contains("500 Internal"), "{head:?}: {answer}");
    }
    app.api().get("/health").await.expect(200);
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let app = TestApp::start().await;
    let many = "GET /livez HTTP/1.1\nHost: x".to_owned() + &"\nX-A: b".repeat(500);
    let answer = send(&app, &many, "").await;
    assert!(matches!(status(&answer), 400 | 431), "{answer}");
    let large = format!(
        "GET /livez HTTP/1.1\nHost: x\nX-A: {}",
        "b".repeat(1_000_000)
    );
    let answer = send(&app, &large, "").await;
    assert!(
        answer.is_empty() || matches!(status(&answer), 400 | 431),
        "{answer}"
    );
    let cookies = format!("GET / HTTP/1.1\nHost: x\nCookie: {}", "a=b; ".repeat(3_000));
    assert_eq!(status(&send(&app, &cookies, "").await), 200);
}

#[tokio::test]
async fn host_and_forwarding_headers_change_nothing() {
    let app = TestApp::start().await;
    for more in [
        "Host: evil.example",
        "Host: x\nX-Forwarded-Host: evil.example\nX-Forwarded-Proto: https",
        "Host: x\nForwarded: host=evil.example",
    ] {
        let answer = send(&app, &format!("GET /timeline HTTP/1.1\n{more}"), "").await;
        assert_eq!(status(&answer), 303, "{answer}");
        assert!(!answer.contains("evil.example"), "{answer}");
    }
    let absolute = format!(
        "GET http://evil.example/livez HTTP/1.1\nHost: {}",
        app.addr()
    );
    assert_eq!(status(&send(&app, &absolute, "").await), 200);
}

#[tokio::test]
async fn an_upload_of_gigabytes_is_cut_off_early() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    ana.session.open().await;
    let head = format!(
        "PUT /users/me/avatar HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000000000\r\n\r\n",
        ana.token
    );
    let mut connection = Connection::open(app.addr()).await;
    connection.send(head).await;
    let block = vec![b'x'; 1024 * 1024];
    let mut sent = 0;
    while sent < 100 && connection.send_or_fail(&block).await {
        sent += 1;
    }
    assert!((1..60).contains(&sent), "{sent} MiB were read");
    let answer = connection.rest().await;
    assert!(answer.is_empty() || status(&answer) == 422, "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_before_it_sends() {
    let app = TestApp::start().await;
    let asks = |length: usize| format!("{LOGIN}\nExpect: 100-continue\nContent-Length: {length}");
    let answer = send(&app, &asks(100_000), "").await;
    assert_eq!(status(&answer), 413, "{answer}");
    let mut connection = Connection::open(app.addr()).await;
    connection
        .send(asks(2).replace('\n', "\r\n") + "\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status(&connection.until("\r\n\r\n").await), 100);
    connection.send("{}").await;
    assert_eq!(status(&connection.rest().await), 422);
}

#[tokio::test]
async fn heads_must_arrive_within_10_seconds() {
    let app = TestApp::start().await;
    let silent = Connection::open(app.addr()).await;
    let mut half = Connection::open(app.addr()).await;
    half.send("GET /livez HTTP/1.1\r\nHost: x\r\n").await;
    app.api().get("/livez").await.expect(200);
    pass(9).await;
    half.send("X-Slow: very\r\n").await;
    app.api().get("/livez").await.expect(200);
    pass(2).await;
    let closed = [silent, half].map(async |mut connection| connection.rest().await);
    for answer in futures_util::future::join_all(closed).await {
        assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
    }
}

#[tokio::test]
async fn bodies_must_arrive_within_30_seconds() {
    let app = TestApp::start().await;
    let mut connection = Connection::open(app.addr()).await;
    let head = format!("{LOGIN}\nContent-Length: 9\nExpect: 100-continue").replace('\n', "\r\n");
    connection.send(format!("{head}\r\n\r\n")).await;
    connection.until("\r\n\r\n").await;
    for byte in ["{", "\"", "x", "\"", ":"] {
        connection.send(byte).await;
        app.api().get("/livez").await.expect(200);
        pass(6).await;
    }
    pass(2).await;
    let answer = connection.rest().await;
    assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
}
