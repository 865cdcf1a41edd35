//! The door in front of the service, nginx: which path leads where, and what goes along.

use crate::support::{
    Behind, Door, Nginx, PASSWORD, TestApp, TlsConnection, Upstream, ask_exactly, eventually,
    exchange,
};
use serde_json::json;
use tokio::process::Command;

/// The service behind an nginx, and the nginx.
pub async fn behind_nginx() -> (TestApp, Nginx) {
    let door = Door::new();
    let app = TestApp::with(&[("PUBLIC_URL", &door.url)]).await;
    let nginx = door
        .open(&Behind {
            users: &[app.addr()],
            posts: app.addr(),
            messaging: app.addr(),
        })
        .await;
    (app, nginx)
}

/// Three services that only tell what they were sent.
async fn echoes() -> (Nginx, [Upstream; 3]) {
    let [users, posts, messaging] = [
        Upstream::start().await,
        Upstream::start().await,
        Upstream::start().await,
    ];
    let behind = Behind {
        users: &[users.addr],
        posts: posts.addr,
        messaging: messaging.addr,
    };
    (Door::new().open(&behind).await, [users, posts, messaging])
}

#[tokio::test]
async fn the_configuration_is_good() {
    let nobody = "127.0.0.1:9".parse().unwrap();
    let door = Door::new();
    door.write(&Behind {
        users: &[nobody, nobody],
        posts: nobody,
        messaging: nobody,
    });
    let check = door.check();
    let told = String::from_utf8_lossy(&check.stderr).into_owned();
    assert!(check.status.success() && !told.contains("warn"), "{told}");
}

#[tokio::test]
async fn the_json_api_is_below_api_and_api_v1_and_nowhere_else() {
    let (app, nginx) = behind_nginx().await;
    let ana = app.person("ana").await;
    let api = nginx.api();
    for prefix in ["/api", "/api/v1"] {
        api.get(&format!("{prefix}/health")).await.expect(200);
        let me = api
            .of(&ana)
            .get(&format!("{prefix}/users/me"))
            .await
            .expect(200);
        assert_eq!(me.json()["username"], "ana");
        api.get(&format!("{prefix}/users/me"))
            .await
            .error(401, "UNAUTHENTICATED");
        let found = api
            .get(&format!("{prefix}/users?username=ANA"))
            .await
            .expect(200);
        assert_eq!(found.json()["items"][0]["username"], "ana");
        let login = json!({ "email": ana.email, "password": PASSWORD });
        let tokens = api
            .post(&format!("{prefix}/auth/login"), login)
            .await
            .expect(200);
        assert!(tokens.cookie("refresh_token").unwrap().has("Secure"));
        api.get(&format!("{prefix}/login"))
            .await
            .error(404, "NOT_FOUND");
        api.get(prefix).await.error(404, "NOT_FOUND");
        api.get(&format!("{prefix}/users/a%3Fb"))
            .await
            .error(404, "USER_NOT_FOUND");
    }
    for closed in ["/users/me", "/users?username=ana", "/auth/login"] {
        api.get(closed).await.error(404, "NOT_FOUND");
    }
    for open in [
        "/health",
        "/openapi.json",
        "/docs",
        "/.well-known/jwks.json",
        "/api/docs",
        "/robots.txt",
        "/favicon.ico",
    ] {
        api.get(open).await.expect(200);
    }
}

#[tokio::test]
async fn a_person_registers_verifies_and_logs_in_through_it() {
    let (app, nginx) = behind_nginx().await;
    let mut ana = nginx.visitor();
    ana.open("/register").await;
    let typed = [
        ("Email", "ana@example.org"),
        ("Username", "ana"),
        ("Password", PASSWORD),
    ];
    ana.send("Create account", &typed)
        .await
        .shows("Check your email");
    let link = app.sink.mail_to("ana@example.org").await.link();
    assert!(
        link.starts_with(&format!("{}/verify?token=", nginx.url)),
        "{link}"
    );
    ana.open(&link).await;
    ana.press("Verify email address").await;
    ana.open("/login").await;
    let page = ana.send("Log in", &[typed[0], typed[2]]).await;
    assert_eq!(page.path(), "/timeline");
    assert!(ana.cookie("__Host-session").unwrap().has("Secure"));
    let log = nginx.log();
    assert!(
        log.contains(r#""path":"/verify""#) && !log.contains("token="),
        "{log}"
    );
}

#[tokio::test]
async fn it_speaks_http_2_and_sends_plain_http_there() {
    let (_app, nginx) = behind_nginx().await;
    let curl = Command::new("curl")
        .args([
            "--silent",
            "--http2",
            "--write-out",
            "%{http_version} %{http_code}",
            "--output",
            "/dev/null",
        ])
        .args([
            "--resolve",
            &format!("localhost:{}:127.0.0.1", nginx.tls.port()),
            "--cacert",
        ])
        .arg(nginx.certificate())
        .arg(format!("{}/login", nginx.url))
        .output()
        .await
        .expect("curl must be installed; `bin/test` installs it");
    assert_eq!(String::from_utf8_lossy(&curl.stdout), "2 200");

    let request = "GET /@ana?page=2 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let answer = exchange(nginx.plain, request).await;
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    assert!(
        answer.contains(&format!("Location: {}/@ana?page=2\r\n", nginx.url)),
        "{answer}"
    );
}

#[tokio::test]
async fn other_names_are_refused() {
    let (_app, nginx) = behind_nginx().await;
    let request = "GET /login HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let mut other_host = TlsConnection::open(&nginx);
    other_host.send(request).await;
    let answer = other_host.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 421") && !answer.contains("Password"),
        "{answer}"
    );
    let mut other_name = TlsConnection::open_as(&nginx, "evil.example");
    other_name.send(request).await;
    assert_eq!(other_name.rest().await, "", "no handshake");
}

#[tokio::test]
async fn what_clients_claim_about_themselves_is_overwritten() {
    let (nginx, [users, posts, _]) = echoes().await;
    for (path, service) in [
        ("/login", &users),
        ("/api/users/me", &users),
        ("/static/a.css", &users),
        ("/api/posts", &posts),
    ] {
        nginx
            .api_from(7)
            .request("GET", path)
            .header("X-Forwarded-For", "203.0.113.1, 203.0.113.2")
            .header("X-Forwarded-Proto", "http")
            .header("X-Forwarded-Host", "evil.example")
            .header("X-Real-IP", "203.0.113.3")
            .header("Forwarded", "for=203.0.113.4")
            .send()
            .await
            .expect(200);
        let head = service.head();
        for line in [
            "x-forwarded-for: 127.0.0.7",
            "x-forwarded-proto: https",
            "x-forwarded-host: localhost",
            "host: localhost",
        ] {
            assert!(
                head.contains(&format!("\r\n{line}\r\n")),
                "{path}: {line} in {head}"
            );
        }
        for gone in ["203.0.113", "evil", "forwarded: ", "x-real-ip"] {
            assert!(
                !head.replace("x-forwarded-", "").contains(gone),
                "{path}: {gone} in {head}"
            );
        }
    }
}

#[tokio::test]
async fn a_trace_id_is_passed_on_or_made() {
    let (nginx, [users, ..]) = echoes().await;
    let asked = |name: &'static str, value: String| {
        let request = nginx.api().request("GET", "/").header(name, &value);
        let users = &users;
        async move {
            let answer = request.send().await.expect(200);
            let id = answer.header("x-trace-id").unwrap().to_owned();
            let head = users.head();
            assert!(
                head.contains(&format!("\r\nx-trace-id: {}\r\n", id.to_lowercase())),
                "{head}"
            );
            id
        }
    };
    assert_eq!(asked("X-Trace-Id", "Mine-1_2".into()).await, "Mine-1_2");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(
        asked("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")).await,
        trace
    );
    for odd in ["a b".to_owned(), "a".repeat(65), "<b>".to_owned()] {
        let made = asked("X-Trace-Id", odd).await;
        assert!(
            made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()),
            "{made}"
        );
    }
    assert!(
        users.head().contains("x-trace-id") && nginx.log().contains("\"trace_id\":\"Mine-1_2\"")
    );
}

#[tokio::test]
async fn other_services_see_no_cookie_and_set_none() {
    let (nginx, [users, posts, messaging]) = echoes().await;
    let call = |path: &'static str| {
        let call = nginx.api().bearer("a.b.c").request("GET", path);
        call.header(
            "Cookie",
            "__Host-session=s3cret; refresh_token=s3cret; other=1",
        )
        .send()
    };
    for (path, arrives, service) in [
        ("/api/posts/1?x=2", "get /posts/1?x=2 ", &posts),
        ("/api/v1/feed?page=1", "get /feed?page=1 ", &posts),
        ("/api/messages", "get /messages ", &messaging),
        (
            "/api/v1/conversations/7",
            "get /conversations/7 ",
            &messaging,
        ),
    ] {
        let answer = call(path).await.expect(200);
        let head = service.head();
        assert!(head.starts_with(arrives), "{head}");
        assert!(
            !head.contains("cookie") && !head.contains("s3cret"),
            "{head}"
        );
        assert!(head.contains("authorization: bearer a.b.c"), "{head}");
        assert!(
            answer.cookie("session").is_none() && answer.header("x-trace-id") != Some("theirs")
        );
        let strict = answer.header("strict-transport-security");
        assert_eq!(strict, Some("max-age=63072000; includeSubDomains"));
    }
    call("/profile").await.expect(200);
    assert!(
        users
            .head()
            .contains("cookie: __host-session=s3cret; refresh_token=s3cret; other=1")
    );
}

#[tokio::test]
async fn metrics_and_liveness_are_not_for_the_public() {
    let (_app, nginx) = behind_nginx().await;
    for path in [
        "/metrics",
        "/livez",
        "/api/metrics",
        "/api/v1/livez",
        "/api/auth/revocations",
        "/api/v1/auth/revocations?since=2026-01-01T00:00:00Z",
        "//metrics",
        "/metrics/",
        "/%6detrics",
        "/x/../metrics",
        "/static/../metrics",
        "/static/..%2fmetrics",
        "/avatars/%2e%2e/livez",
        "/api/users/../metrics",
        "/api//v1//metrics",
        "/metrics?x",
    ] {
        let answer = ask_exactly(&nginx, path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn files_come_compressed_and_also_while_no_replica_runs() {
    let (app, nginx) = behind_nginx().await;
    let api = nginx.api();
    let page = api
        .request("GET", "/register")
        .header("Accept-Encoding", "br")
        .send()
        .await
        .expect(200);
    assert_eq!(
        page.header("content-encoding"),
        Some("br"),
        "pages are compressed by the service"
    );
    let css = users_service::web::asset("app.css");
    let ask = |coding: &'static str, rest: &str| {
        api.request("GET", &format!("{css}{rest}"))
            .header("Accept-Encoding", coding)
            .send()
    };
    let plain = ask("identity", "").await.expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    for coding in ["br", "gzip"] {
        let packed = ask(coding, "").await.expect(200);
        assert_eq!(packed.header("content-encoding"), Some(coding));
        assert!(packed.body.len() < plain.body.len() / 2);
        assert_eq!(
            packed.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
    }
    assert!(
        plain
            .header("strict-transport-security")
            .unwrap()
            .starts_with("max-age=")
    );
    assert_eq!(plain.header("server"), Some("nginx"), "no version is told");

    app.stop().await;
    let kept = ask("br", "?x").await.expect(200);
    assert_eq!(kept.header("content-encoding"), Some("br"));
    assert_eq!(ask("identity", "").await.expect(200).body, plain.body);
    eventually("the log tells of the cache", || async {
        nginx.log().contains("\"cache\":\"HIT\"").then_some(())
    })
    .await;
}
