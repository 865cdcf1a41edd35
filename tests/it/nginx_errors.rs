//! What nginx says by itself, and what it leaves to the service; replicas that fail.

use crate::{
    nginx::behind_nginx,
    support::{
        Api, Nginx, TestApp, TlsConnection, Upstream, ask_exactly, eventually, free_port,
        png_of_exactly,
    },
};
use serde_json::json;
use std::net::SocketAddr;

const MIB: usize = 1 << 20;

async fn nothing_behind() -> Nginx {
    Nginx::before(&[SocketAddr::from(([127, 0, 0, 1], free_port()))]).await
}

#[tokio::test]
async fn a_missing_service_is_503_as_a_page_or_an_envelope() {
    let nginx = nothing_behind().await;
    let api = nginx.api();
    for path in ["/api/users/me", "/api/v1/posts", "/api/messages", "/health"] {
        let answer = api
            .request("GET", path)
            .header("Accept", "text/html")
            .send()
            .await;
        answer.error(503, "SERVICE_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), Some("2"));
    }
    let upload = api
        .request("PUT", "/api/users/me/avatar")
        .body("multipart/form-data; boundary=b", multipart(b""));
    upload.send().await.error(503, "SERVICE_UNAVAILABLE");
    let page = api
        .request("GET", "/login")
        .header("Accept", "text/html,*/*")
        .send()
        .await
        .expect(503);
    assert_eq!(page.header("retry-after"), Some("2"));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains("<h1>The service is busy</h1>"));
    assert!(page.text().contains(page.header("x-trace-id").unwrap()));
    let asked = api
        .request("GET", "/login")
        .header("Accept", "application/json")
        .send()
        .await;
    asked.error(503, "SERVICE_UNAVAILABLE");
    api.get("/login")
        .await
        .expect(503)
        .header("content-security-policy")
        .expect("a policy");
    api.get("/errors.css").await.expect(200);
}

#[tokio::test]
async fn the_words_are_those_of_the_service() {
    let (app, nginx) = behind_nginx().await;
    for (path, status) in [("/api/nowhere", 404), ("/metrics", 404)] {
        let ours = nginx.api().get(path).await.expect(status).json();
        assert_eq!(
            ours,
            app.api()
                .get("/users/1/nowhere")
                .await
                .expect(status)
                .json()
        );
    }
    let (ours, theirs) = (nginx.api(), app.api());
    let large = vec![b'a'; 70_000];
    let send = |api: &Api, path: &str| {
        api.request("POST", path)
            .body("application/json", large.clone())
            .send()
    };
    let ours = send(&ours, "/api/auth/login").await.expect(413).json();
    assert_eq!(ours, send(&theirs, "/auth/login").await.expect(413).json());
    let page = nginx
        .api()
        .request("POST", "/login")
        .header("Accept", "text/html")
        .body("application/x-www-form-urlencoded", large)
        .send()
        .await;
    assert!(
        page.expect(413)
            .text()
            .contains("<h1>That was too much</h1>")
    );
}

#[tokio::test]
async fn its_own_answers_carry_the_headers_of_all_others() {
    let (app, nginx) = behind_nginx().await;
    let ours = nginx.api().get("/api/nowhere").await.expect(404);
    let theirs = app.api().get("/nowhere").await.expect(404);
    for name in theirs.headers.keys() {
        assert!(ours.headers.contains_key(name), "{name}");
    }
    for name in [
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
    ] {
        assert_eq!(ours.header(name), theirs.header(name), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_400() {
    let (_app, nginx) = behind_nginx().await;
    let long = "a".repeat(40_000);
    for request in [
        "GET /api/users HTTP/1.1\r\nHost: local host\r\n\r\n",
        "GET /api/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut connection = TlsConnection::open(&nginx);
        connection.send(request).await;
        let answer = connection.rest().await;
        assert!(
            answer.starts_with("HTTP/1.1 400"),
            "{request:.60}: {answer}"
        );
        assert!(answer.to_lowercase().contains("x-trace-id: "), "{answer}");
    }
    let answer = ask_exactly(&nginx, &format!("/api/{long}")).await;
    assert!(
        answer.starts_with("HTTP/1.1 414") && answer.contains("This address is too long"),
        "{answer:.300}"
    );
}

#[tokio::test]
async fn the_services_own_errors_pass_unchanged() {
    let (app, nginx) = behind_nginx().await;
    let body = json!({ "email": "x", "username": "", "password": "" });
    let through = nginx.api().post("/api/auth/register", body.clone()).await;
    through.invalid("email username password");
    assert_eq!(
        through.json(),
        app.api().post("/auth/register", body).await.json()
    );
    let page = nginx.api().get("/@nobody").await.expect(404);
    assert!(page.text().contains("Nobody has this name"));
}

#[tokio::test]
async fn what_nginx_answers_by_itself_is_logged_as_it_was_sent() {
    let nginx = nothing_behind().await;
    let picture = multipart(&vec![0; 18 * MIB]);
    let upload = nginx.api().request("PUT", "/api/users/me/avatar");
    let upload = upload.body("multipart/form-data; boundary=b", picture);
    upload.send().await.error(422, "AVATAR_TOO_LARGE");
    let line = eventually("it is logged", || async {
        let log = nginx.log();
        let mut lines = log.lines().map(str::to_owned);
        lines.find(|line| line.contains("/users/me/avatar"))
    });
    let line: serde_json::Value = serde_json::from_str(&line.await).unwrap();
    assert_eq!(
        (&line["method"], &line["status"]),
        (&json!("PUT"), &json!(422))
    );
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_422_by_any_amount() {
    let (app, nginx) = behind_nginx().await;
    let ana = app.person("ana").await;
    for size in [2 * MIB + 1, 16 * MIB - 4096, 40 * MIB] {
        let picture = vec![0; size];
        let through = |path: &'static str| {
            let (kind, body) = ("multipart/form-data; boundary=b", multipart(&picture));
            nginx
                .api()
                .of(&ana)
                .request("PUT", path)
                .body(kind, body)
                .send()
        };
        through("/api/users/me/avatar")
            .await
            .error(422, "AVATAR_TOO_LARGE");
        through("/api/v1/users/me/avatar")
            .await
            .error(422, "AVATAR_TOO_LARGE");
    }
    // Also for what it refuses by itself the log has the method that was sent.
    let log = nginx.log();
    let uploads = log.lines().filter(|line| line.contains("/users/me/avatar"));
    assert!(uploads.clone().count() > 0, "{log}");
    for line in uploads {
        assert!(line.contains("\"method\":\"PUT\""), "{line}");
    }
    let picture = multipart(&png_of_exactly(2 * MIB));
    let request = nginx.api().of(&ana).request("PUT", "/api/users/me/avatar");
    request
        .body("multipart/form-data; boundary=b", picture)
        .send()
        .await
        .expect(200);
}

fn multipart(picture: &[u8]) -> Vec<u8> {
    let head = "--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
    [head.as_bytes(), picture, b"\r\n--b--\r\n"].concat()
}

#[tokio::test]
async fn one_replica_of_two_is_enough() {
    let app = TestApp::start().await;
    // Not one that was stopped: its port may be somebody else's by now.
    let gone = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let nginx = Nginx::before(&[app.addr(), gone]).await;
    for n in 0..10 {
        nginx.api().get("/api/health").await.expect(200);
        let body = json!({ "email": format!("p{n}@example.org"), "username": format!("p{n}x"), "password": "correct horse battery" });
        let made = nginx.api().post("/api/auth/register", body).await;
        assert_eq!(made.status, 201, "{}\n{}", made.text(), nginx.log());
    }
}

#[tokio::test]
async fn what_was_sent_is_sent_again_only_when_that_is_harmless() {
    let replicas = [
        Upstream::that_hangs_up().await,
        Upstream::that_hangs_up().await,
    ];
    let nginx = Nginx::before(&[replicas[0].addr, replicas[1].addr]).await;
    let seen = || {
        replicas
            .iter()
            .map(|replica| replica.heads().len())
            .sum::<usize>()
    };
    nginx
        .api()
        .post("/api/auth/login", json!({}))
        .await
        .error(503, "SERVICE_UNAVAILABLE");
    assert_eq!(seen(), 1, "a POST may have been carried out");
    nginx
        .api()
        .get("/api/health")
        .await
        .error(503, "SERVICE_UNAVAILABLE");
    assert_eq!(seen(), 1 + 3, "a GET is tried three times");
}
