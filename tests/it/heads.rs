//! Heads of requests: exactly one host, and sizes that are refused in words.

use crate::{
    nginx::behind_nginx,
    support::{TestApp, TlsConnection, exchange},
};
use users_service::http::head::{MAX_HEAD, MAX_TARGET};

/// The answer to a head with these lines.
async fn asked(app: &TestApp, lines: &str) -> String {
    let head = lines.replace('\n', "\r\n");
    exchange(app.addr(), format!("{head}\r\nConnection: close\r\n\r\n")).await
}

#[track_caller]
fn is(answer: &str, status: u16, words: &str) {
    let begin = format!("HTTP/1.1 {status} ");
    assert!(answer.starts_with(&begin), "{status}: {answer:.400}");
    assert!(answer.contains(words), "{words}: {answer}");
}

#[tokio::test]
async fn a_request_without_a_host_or_with_two_or_with_a_bad_one_is_400() {
    let app = TestApp::start().await;
    for lines in [
        "",
        "\nHost: a\nHost: b",
        "\nHost: a\nHost: a",
        "\nHost:",
        "\nHost: :80",
        "\nHost: a b",
        "\nHost: ana@x",
        "\nHost: x/y",
        "\nHost: x:port",
        "\nHost: x, y",
        "\nHost: [::1",
    ] {
        let api = asked(&app, &format!("GET /users/me HTTP/1.1{lines}")).await;
        is(&api, 400, r#"{"error":{"code":"MALFORMED_REQUEST""#);
        let page = asked(&app, &format!("GET /login HTTP/1.1{lines}")).await;
        is(&page, 400, "<h1>The request could not be read</h1>");
        let whole = asked(&app, &format!("GET http://x/livez HTTP/1.1{lines}")).await;
        is(&whole, 400, "MALFORMED_REQUEST");
    }
    let post = "POST /auth/login HTTP/1.1\nContent-Type: application/json\nContent-Length: 2";
    is(&asked(&app, post).await, 400, "MALFORMED_REQUEST");
}

#[tokio::test]
async fn any_one_host_will_do_and_http_1_0_needs_none() {
    let app = TestApp::start().await;
    for host in [
        "x",
        "social.example.org:8443",
        "127.0.0.1",
        "[::1]:80",
        "a_b",
        "x:",
    ] {
        let answer = asked(&app, &format!("GET /livez HTTP/1.1\nHost: {host}")).await;
        is(&answer, 200, "ok");
    }
    is(
        &asked(&app, "GET http://x/livez HTTP/1.1\nHost: y").await,
        200,
        "ok",
    );
    let old = exchange(app.addr(), "GET /livez HTTP/1.0\r\n\r\n").await;
    assert!(old.contains(" 200 OK"), "{old}");
    let two = "GET /livez HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n";
    let two = exchange(app.addr(), two).await;
    assert!(two.contains(" 400 Bad Request"), "{two}");
}

#[tokio::test]
async fn too_many_cookies_are_431_with_a_page_that_says_what_to_do() {
    let app = TestApp::start().await;
    let with_cookies = |path: &str, bytes: usize| {
        let cookies = "a=b; ".repeat(bytes / 5);
        format!("GET {path} HTTP/1.1\nHost: x\nCookie: {cookies}")
    };
    let page = asked(&app, &with_cookies("/login", 60_000)).await;
    is(&page, 431, "<h1>Your browser sent too many cookies</h1>");
    assert!(page.contains("clear the cookies of this site"), "{page}");
    assert!(page.to_lowercase().contains("content-security-policy: "));
    let api = asked(&app, &with_cookies("/users/me", 60_000)).await;
    is(&api, 431, r#"{"error":{"code":"MALFORMED_REQUEST""#);
    // The same whether it arrives at once or in pieces.
    for (bytes, status) in [(MAX_HEAD - 1_000, 200), (MAX_HEAD + 100, 431)] {
        let head = with_cookies("/login", bytes).replace('\n', "\r\n");
        let head = format!("{head}\r\nConnection: close\r\n\r\n");
        let mut connection = crate::support::Connection::open(app.addr()).await;
        for piece in head.as_bytes().chunks(8 * 1024) {
            connection.send(piece).await;
            app.api().get("/livez").await.expect(200);
        }
        is(&connection.rest().await, status, "<h1>");
    }
}

#[tokio::test]
async fn an_address_that_is_too_long_is_414_in_words() {
    let app = TestApp::start().await;
    let long = "a".repeat(MAX_TARGET);
    let page = asked(&app, &format!("GET /{long} HTTP/1.1\nHost: x")).await;
    is(&page, 414, "<h1>This address is too long</h1>");
    let api = asked(
        &app,
        &format!("GET /users?username={long} HTTP/1.1\nHost: x"),
    )
    .await;
    is(&api, 414, "MALFORMED_REQUEST");
    let ids = vec!["01a20419-7066-737c-b42f-8c8b8fc04c29"; 200].join("%2C");
    let many = asked(&app, &format!("GET /users?ids={ids} HTTP/1.1\nHost: x")).await;
    is(&many, 200, r#"{"items":[]}"#);
}

#[tokio::test]
async fn nginx_refuses_the_same() {
    let (_app, nginx) = behind_nginx().await;
    let asked = async |lines: &str| {
        let mut connection = TlsConnection::open(&nginx);
        let head = lines.replace('\n', "\r\n");
        connection
            .send(&format!("{head}\r\nConnection: close\r\n\r\n"))
            .await;
        connection.rest().await
    };
    for lines in [
        "",
        "\nHost: localhost\nHost: localhost",
        "\nHost:",
        "\nHost: a b",
    ] {
        let answer = asked(&format!("GET /login HTTP/1.1{lines}")).await;
        is(&answer, 400, "<h1>The request could not be read</h1>");
    }
    let cookies = "a=b; ".repeat(8_000);
    let page = asked(&format!(
        "GET /login HTTP/1.1\nHost: localhost\nCookie: {cookies}"
    ))
    .await;
    is(&page, 431, "<h1>Your browser sent too many cookies</h1>");
    assert!(page.contains("clear the cookies of this site"), "{page}");
    let long = "a".repeat(9_000);
    let page = asked(&format!("GET /{long} HTTP/1.1\nHost: localhost")).await;
    is(&page, 414, "<h1>This address is too long</h1>");
}
