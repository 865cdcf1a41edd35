//! What every answer carries: the security headers, and the trace id.

use crate::support::{Answer, TestApp, png};
use serde_json::json;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// One answer of every kind.
async fn every_kind(app: &TestApp) -> Vec<(&'static str, Answer)> {
    let ana = app.person("ana").await;
    let api = app.api();
    let picture = api.of(&ana).upload(&png(8, 8)).await.expect(200).json();
    let picture = picture["avatar_url"].as_str().unwrap().to_owned();
    let picture = picture.strip_prefix(app.public_url()).unwrap();
    let signed_in = app.signed_in(&ana).await;
    let cookies = signed_in.jar.header("/").unwrap();
    let signed_in = api
        .request("GET", "/profile")
        .header("Cookie", &cookies)
        .send()
        .await;
    let css = signed_in.text();
    let css = css
        .split('"')
        .find(|part| part.starts_with("/static/"))
        .unwrap()
        .to_owned();
    let with_origin = |path: &str, origin: &str| api.request("POST", path).header("Origin", origin);
    let head = api.request("HEAD", "/").send();
    vec![
        ("page", api.get("/").await.expect(200)),
        ("page with a form", api.get("/login").await.expect(200)),
        ("signed-in page", signed_in.expect(200)),
        ("profile", api.get("/@ana").await.expect(200)),
        ("redirect", api.get("/timeline").await.expect(303)),
        ("page not found", api.get("/nowhere").await.expect(404)),
        (
            "page for another method",
            api.request("PUT", "/login").send().await.expect(405),
        ),
        ("form refused", api.act("/login").await),
        (
            "form from elsewhere",
            with_origin("/login", "https://e.example")
                .send()
                .await
                .expect(403),
        ),
        ("HEAD", head.await.expect(200)),
        ("static file", api.get(&css).await.expect(200)),
        (
            "missing static file",
            api.get("/static/nothing.css").await.expect(404),
        ),
        ("picture", api.get(picture).await.expect(200)),
        (
            "missing picture",
            api.get("/avatars/nothing.jpg").await.expect(404),
        ),
        ("JSON", api.get(&ana.api("")).await.expect(200)),
        ("no content", api.act("/auth/logout").await.expect(204)),
        (
            "JSON error",
            api.post("/auth/login", json!({})).await.expect(422),
        ),
        ("unauthenticated", api.get("/users/me").await.expect(401)),
        ("JSON not found", api.get("/auth/nothing").await.expect(404)),
        (
            "JSON for another method",
            api.get("/auth/login").await.expect(405),
        ),
        ("wrong type", api.act("/auth/login").await.expect(415)),
        (
            "malformed",
            api.post("/auth/login", json!([])).await.expect(400),
        ),
        (
            "too large",
            api.post("/auth/login", json!("x".repeat(70_000)))
                .await
                .expect(413),
        ),
        ("health", api.get("/health").await.expect(200)),
        ("livez", api.get("/livez").await.expect(200)),
        ("metrics", api.get("/metrics").await.expect(200)),
        ("openapi", api.get("/openapi.json").await.expect(200)),
        ("jwks", api.get("/.well-known/jwks.json").await.expect(200)),
        ("docs", api.get("/docs").await.expect(200)),
    ]
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::start().await;
    for (kind, answer) in every_kind(&app).await {
        if kind != "docs" {
            assert_eq!(
                answer.header("content-security-policy"),
                Some(CSP),
                "{kind}"
            );
        }
        assert!(answer.header("content-security-policy").is_some(), "{kind}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{kind}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("same-origin"),
            "{kind}"
        );
        let media = answer.header("content-type").unwrap_or_default();
        let is_page = media.starts_with("text/html");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            is_page.then_some("same-origin"),
            "{kind}"
        );
        let permissions = answer.header("permissions-policy");
        assert_eq!(permissions.is_some(), is_page, "{kind}");
        // Pictures are shown by the apps of other origins too.
        let shared = if kind == "picture" {
            "cross-origin"
        } else {
            "same-origin"
        };
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some(shared),
            "{kind}"
        );
        let plain_http = answer.header("strict-transport-security");
        assert_eq!(plain_http, None, "{kind}");
        let trace = answer
            .header("x-trace-id")
            .unwrap_or_else(|| panic!("{kind}"));
        assert!(is_plain(trace), "{kind}: {trace}");
        for chatty in ["server", "x-powered-by"] {
            assert_eq!(answer.header(chatty), None, "{kind}");
        }
        if !answer.body.is_empty() {
            let media = answer
                .header("content-type")
                .unwrap_or_else(|| panic!("{kind}"));
            if media.starts_with("text/") {
                assert!(
                    media.to_lowercase().contains("charset=utf-8"),
                    "{kind}: {media}"
                );
            }
        }
    }
}

#[tokio::test]
async fn foreign_picture_hosts_are_added_to_the_policy() {
    let app = TestApp::with(&[("AVATAR_URL_HOSTS", "pics.example, cdn.example:8443")]).await;
    let answer = app.api().get("/").await;
    let policy = answer.header("content-security-policy").unwrap();
    let images = policy
        .split("; ")
        .find(|part| part.starts_with("img-src "))
        .unwrap();
    let sources: Vec<_> = images.split(' ').collect();
    assert_eq!(sources[..3], ["img-src", "'self'", "blob:"]);
    let hosts = sources[3..]
        .iter()
        .map(|host| host.trim_start_matches("https://"));
    assert_eq!(
        hosts.collect::<Vec<_>>(),
        ["pics.example", "cdn.example:8443"]
    );
}

fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[tokio::test]
async fn a_good_trace_id_is_echoed_and_an_odd_one_replaced() {
    let app = TestApp::start().await;
    let api = app.api();
    let sent = |path: &'static str, id: String| {
        let request = api.request("GET", path).header("X-Trace-Id", &id);
        async move {
            request
                .send()
                .await
                .header("x-trace-id")
                .unwrap()
                .to_owned()
        }
    };
    let longest = "A".repeat(64);
    for path in ["/livez", "/", "/nowhere", "/users/me", "/auth/login"] {
        for good in ["a", "abc-DEF_123", longest.as_str()] {
            assert_eq!(sent(path, good.to_owned()).await, good);
        }
        for odd in [
            String::new(),
            "a b".into(),
            "a\"b".into(),
            "A".repeat(65),
            "a,b".into(),
            "ä".into(),
        ] {
            let given = sent(path, odd.clone()).await;
            assert!(given != odd && is_plain(&given), "{given}");
        }
    }
    let first = api
        .get("/livez")
        .await
        .header("x-trace-id")
        .unwrap()
        .to_owned();
    let second = api
        .get("/livez")
        .await
        .header("x-trace-id")
        .unwrap()
        .to_owned();
    assert_ne!(first, second);
}

#[tokio::test]
async fn the_trace_id_of_a_traceparent_is_taken_when_there_is_no_other() {
    let app = TestApp::start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let ask = |headers: Vec<(&'static str, String)>| {
        let mut request = app.api().request("GET", "/livez");
        for (name, value) in headers {
            request = request.header(name, &value);
        }
        async move {
            request
                .send()
                .await
                .header("x-trace-id")
                .unwrap()
                .to_owned()
        }
    };
    assert_eq!(ask(vec![("traceparent", parent.clone())]).await, trace);
    let both = vec![
        ("traceparent", parent.clone()),
        ("X-Trace-Id", "mine".to_owned()),
    ];
    assert_eq!(ask(both).await, "mine");
    let odd = vec![
        ("traceparent", parent),
        ("X-Trace-Id", "not fine".to_owned()),
    ];
    assert_eq!(ask(odd).await, trace);
    for bad in ["00-zz-00f067aa0ba902b7-01", "garbage", ""] {
        let given = ask(vec![("traceparent", bad.to_owned())]).await;
        assert!(is_plain(&given), "{given}");
    }
}
