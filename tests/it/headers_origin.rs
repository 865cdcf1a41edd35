//! Requests that other sites cause, and CORS.

use crate::support::{PASSWORD, TestApp};
use http::HeaderMap;
use serde_json::json;

const FOREIGN: &str = "https://evil.example";
const ALLOWED: &str = "https://app.example";

/// Posts a log-in as JSON with some headers: the status.
async fn post(app: &TestApp, headers: &[(&str, &str)]) -> u16 {
    let mut request = app.api().request("POST", "/auth/login");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let body = json!({ "email": "ana@example.org", "password": PASSWORD });
    let answer = request.json(&body).send().await;
    if answer.status == 403 {
        answer.error(403, "CROSS_SITE_REQUEST");
        assert!(answer.header("set-cookie").is_none());
    }
    answer.status
}

#[tokio::test]
async fn unsafe_requests_from_other_sites_are_refused() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let own = app.public_url().to_owned();
    let own = own.as_str();
    let upper = own.to_uppercase();
    let longer = format!("{own}.evil.example");
    for (headers, status) in [
        (vec![], 200),
        (vec![("Sec-Fetch-Site", "same-origin")], 200),
        (vec![("Sec-Fetch-Site", "none")], 200),
        (vec![("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Sec-Fetch-Site", "same-site")], 403),
        (vec![("Sec-Fetch-Site", "something new")], 403),
        (vec![("Sec-Fetch-Site", "")], 403),
        (vec![("Origin", own)], 200),
        (vec![("Origin", FOREIGN)], 403),
        (vec![("Origin", "null")], 403),
        (vec![("Origin", "http://127.0.0.1")], 403),
        (vec![("Origin", longer.as_str())], 403),
        (
            vec![("Sec-Fetch-Site", "same-origin"), ("Origin", FOREIGN)],
            200,
        ),
        (vec![("Sec-Fetch-Site", "cross-site"), ("Origin", own)], 403),
        (
            vec![("Sec-Fetch-Site", "cross-site"), ("Origin", FOREIGN)],
            403,
        ),
        (vec![("Referer", FOREIGN)], 200),
    ] {
        assert_eq!(post(&app, &headers).await, status, "{headers:?}");
    }
    assert!(post(&app, &[("Origin", &upper)]).await < 500);
}

#[tokio::test]
async fn every_unsafe_method_is_meant_and_no_safe_one() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let foreign = |method: &'static str, path: String| {
        let api = app.api().of(&ana);
        async move {
            let request = api
                .request(method, &path)
                .header("Sec-Fetch-Site", "cross-site");
            request.header("Origin", FOREIGN).send().await
        }
    };
    for (method, path) in [
        ("POST", bob.api("/follow")),
        ("DELETE", bob.api("/follow")),
        ("PATCH", "/users/me".to_owned()),
        ("PUT", "/users/me/avatar".to_owned()),
        ("DELETE", "/users/me/avatar".to_owned()),
        ("POST", "/auth/refresh".to_owned()),
        ("POST", "/auth/logout".to_owned()),
        ("POST", "/auth/register".to_owned()),
        ("POST", "/auth/verify".to_owned()),
        ("POST", "/auth/verify/resend".to_owned()),
    ] {
        foreign(method, path).await.error(403, "CROSS_SITE_REQUEST");
    }
    for path in [
        "/users/me".to_owned(),
        bob.api(""),
        "/health".to_owned(),
        "/".to_owned(),
        "/@bob".to_owned(),
    ] {
        foreign("GET", path).await.expect(200);
    }
    assert_eq!(app.count("follows").await, 0);
}

#[tokio::test]
async fn a_pages_form_from_another_site_is_refused_in_html() {
    let app = TestApp::with(&[("CORS_ALLOWED_ORIGINS", ALLOWED)]).await;
    let ana = app.person("ana").await;
    let visitor = app.signed_in(&ana).await;
    let cookies = visitor.jar.header("/").unwrap();
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", FOREIGN),
        ("Origin", "null"),
        ("Origin", ALLOWED),
    ] {
        for path in [
            "/logout",
            "/login",
            "/register",
            "/profile/edit",
            "/@ana/follow",
            "/verify",
        ] {
            let request = app.api().request("POST", path).header(name, value);
            let request = request.header("Cookie", &cookies);
            let form = "application/x-www-form-urlencoded";
            let answer = request.body(form, "email=a@example.org").send().await;
            assert_eq!(answer.status, 403, "{path} {name}: {value}");
            assert!(
                answer
                    .header("content-type")
                    .unwrap()
                    .starts_with("text/html")
            );
        }
    }
    assert_eq!(app.count("sessions where ended_at is not null").await, 0);
}

fn cors(headers: &HeaderMap) -> Vec<(String, String)> {
    let all = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-"));
    all.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_lowercase()))
        .collect()
}

#[tokio::test]
async fn without_allowed_origins_there_is_no_cors() {
    let app = TestApp::start().await;
    let answer = app
        .api()
        .request("GET", "/livez")
        .header("Origin", FOREIGN)
        .send()
        .await;
    assert_eq!(cors(&answer.headers), []);
    let preflight = app
        .api()
        .request("OPTIONS", "/auth/login")
        .header("Origin", FOREIGN);
    let preflight = preflight
        .header("Access-Control-Request-Method", "POST")
        .send()
        .await;
    assert_eq!(cors(&preflight.headers), []);
}

#[tokio::test]
async fn allowed_origins_may_call_the_json_api_with_credentials() {
    let app = TestApp::with(&[(
        "CORS_ALLOWED_ORIGINS",
        "https://other.example,https://app.example",
    )])
    .await;
    app.person("ana").await;
    assert_eq!(post(&app, &[("Origin", ALLOWED)]).await, 200);
    assert_eq!(
        post(
            &app,
            &[("Origin", ALLOWED), ("Sec-Fetch-Site", "cross-site")]
        )
        .await,
        200
    );
    assert_eq!(post(&app, &[("Origin", FOREIGN)]).await, 403);

    for path in ["/livez", "/users/me", "/auth/nothing", "/users?ids=x"] {
        let answer = app
            .api()
            .request("GET", path)
            .header("Origin", ALLOWED)
            .send()
            .await;
        let headers = cors(&answer.headers);
        let has = |name: &str, value: &str| headers.iter().any(|h| h.0 == name && h.1 == value);
        assert!(
            has("access-control-allow-origin", ALLOWED),
            "{path}: {headers:?}"
        );
        assert!(
            has("access-control-allow-credentials", "true"),
            "{path}: {headers:?}"
        );
        let vary = answer
            .headers
            .get_all("vary")
            .iter()
            .any(|v| v.to_str().unwrap().contains("Origin"));
        assert!(vary, "{path}");
        let foreign = app
            .api()
            .request("GET", path)
            .header("Origin", FOREIGN)
            .send()
            .await;
        assert_eq!(cors(&foreign.headers), []);
    }
    let page = app
        .api()
        .request("GET", "/login")
        .header("Origin", ALLOWED)
        .send()
        .await;
    assert_eq!(cors(&page.headers), [], "pages are not for other origins");
}

#[tokio::test]
async fn a_preflight_is_answered_for_allowed_origins() {
    let app = TestApp::with(&[("CORS_ALLOWED_ORIGINS", ALLOWED)]).await;
    let ask = |origin: &'static str| {
        let request = app
            .api()
            .request("OPTIONS", "/users/me")
            .header("Origin", origin);
        request
            .header("Access-Control-Request-Method", "PATCH")
            .header(
                "Access-Control-Request-Headers",
                "authorization,content-type",
            )
            .header("Sec-Fetch-Site", "cross-site")
            .send()
    };
    let answer = ask(ALLOWED).await;
    assert!(matches!(answer.status, 200 | 204), "{}", answer.status);
    let all = cors(&answer.headers);
    let value = |name: &str| {
        all.iter()
            .find(|h| h.0 == name)
            .map(|h| h.1.clone())
            .unwrap()
    };
    assert_eq!(value("access-control-allow-origin"), ALLOWED);
    assert_eq!(value("access-control-allow-credentials"), "true");
    for method in ["get", "post", "put", "patch", "delete"] {
        assert!(value("access-control-allow-methods").contains(method));
    }
    for header in ["authorization", "content-type", "if-none-match"] {
        assert!(value("access-control-allow-headers").contains(header));
    }
    assert_eq!(cors(&ask(FOREIGN).await.headers), []);
}
