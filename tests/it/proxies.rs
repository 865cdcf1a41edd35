//! Where a request came from, behind proxies that are trusted and behind others.

use crate::support::{PASSWORD, TestApp, exchange};
use serde_json::json;

/// The network that a log-in with this `X-Forwarded-For` is noted under.
async fn seen_from(app: &TestApp, name: &str, forwarded: &str) -> String {
    let person = app.person(name).await;
    let credentials = json!({"email": person.email, "password": PASSWORD});
    let log_in = app.api().request("POST", "/auth/login").json(&credentials);
    let log_in = log_in.header("X-Forwarded-For", forwarded);
    log_in.send().await.expect(200);
    let address = "select address from users.sessions where user_id = $1";
    app.value(address, &[&person.id]).await
}

#[tokio::test]
async fn nobody_is_believed_by_default() {
    let app = TestApp::start().await;
    assert_eq!(seen_from(&app, "ana", "203.0.113.7").await, "127.0.0.0/24");
}

#[tokio::test]
async fn trusted_proxies_are_believed_from_the_right() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")]).await;
    for (name, forwarded, network) in [
        ("one", "203.0.113.7", "203.0.113.0/24"),
        ("two", "203.0.113.7, 10.1.2.3", "203.0.113.0/24"),
        (
            "claim",
            "198.51.100.1, 203.0.113.7, 10.1.2.3",
            "203.0.113.0/24",
        ),
        ("six", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("odd", "203.0.113.7, unknown", "127.0.0.0/24"),
        ("none", "", "127.0.0.0/24"),
        ("port", "203.0.113.7:567", "203.0.113.0/24"),
        ("ports", "203.0.113.7:567, 10.1.2.3:4711", "203.0.113.0/24"),
        ("bracket", "[2001:db8:1:2::3]", "2001:db8:1::/48"),
        ("bracketport", "[2001:db8:1:2::3]:443", "2001:db8:1::/48"),
        ("quoted", "\"[2001:db8:1:2::3]:4711\"", "2001:db8:1::/48"),
        ("mapped", "::ffff:203.0.113.7", "203.0.113.0/24"),
        (
            "mappedproxy",
            "203.0.113.7, [::ffff:10.1.2.3]:80",
            "203.0.113.0/24",
        ),
        ("empty", "203.0.113.7 , ,", "203.0.113.0/24"),
        ("local", "[::1]:443", "::/48"),
    ] {
        assert_eq!(
            seen_from(&app, name, forwarded).await,
            network,
            "{forwarded}"
        );
    }
}

#[tokio::test]
async fn several_lines_are_one_list_and_odd_bytes_hide_nobody() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")]).await;
    let ana = app.person("ana").await;
    let credentials = json!({"email": ana.email, "password": PASSWORD}).to_string();
    let latest = "select address from users.sessions order by created_at desc, id desc limit 1";
    for (lines, network) in [
        (
            &[&b"198.51.100.1"[..], b"203.0.113.7, 10.1.2.3"][..],
            "203.0.113.0/24",
        ),
        (&[b"203.0.113.7", b"10.1.2.3", b""], "203.0.113.0/24"),
        (&[b"\xff, 203.0.113.7"], "203.0.113.0/24"),
        (&[b"198.51.100.1, \xff"], "127.0.0.0/24"),
    ] {
        let mut request = format!(
            "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            credentials.len()
        )
        .into_bytes();
        for line in lines {
            request.extend([b"X-Forwarded-For: ", *line, b"\r\n"].concat());
        }
        request.extend(format!("\r\n{credentials}").into_bytes());
        let answer = exchange(app.addr(), request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(app.value::<String>(latest, &[]).await, network, "{lines:?}");
    }
}

#[tokio::test]
async fn limits_are_of_the_client_whatever_port_the_proxy_adds() {
    let settings = [
        ("TRUSTED_PROXIES", "127.0.0.1/32"),
        ("RATE_LIMIT_RULES", "log_in_address=3+1/h"),
    ];
    let app = TestApp::with(&settings).await;
    for n in 1..=6 {
        let typed = json!({"email": format!("z{n}@example.org"), "password": "xxxxxxxx"});
        let log_in = app.api().request("POST", "/auth/login").json(&typed);
        let address = format!("198.51.100.{n}:4{n}");
        log_in
            .header("X-Forwarded-For", &address)
            .send()
            .await
            .expect(401);
    }
}
