//! Errors in their two dresses: the envelope for services, a page for people.

use crate::support::{Answer, TestApp};
use serde_json::json;

async fn get(app: &TestApp, path: &str, accept: &str) -> Answer {
    app.api()
        .request("GET", path)
        .header("Accept", accept)
        .send()
        .await
}

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[track_caller]
fn is_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let html = answer.text();
    assert!(html.contains("<h1") && html.contains("<title>"), "{html}");
}

#[tokio::test]
async fn below_the_paths_of_the_api_every_error_is_json_whatever_is_accepted() {
    let app = TestApp::start().await;
    for path in [
        "/auth/nothing",
        "/auth/login/more",
        "/users/me/nothing",
        "/health/nothing",
        "/livez/nothing",
        "/metrics/nothing",
        "/openapi.json/nothing",
        "/.well-known/nothing",
    ] {
        for accept in [
            BROWSER,
            "text/html",
            "*/*",
            "application/json",
            "image/png",
            "",
        ] {
            get(&app, path, accept).await.error(404, "NOT_FOUND");
        }
    }
    get(&app, "/users/nobody", "text/html")
        .await
        .error(404, "USER_NOT_FOUND");
    get(&app, "/users", "text/html")
        .await
        .error(422, "VALIDATION_FAILED");
    get(&app, "/users/me", "text/html")
        .await
        .error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn everywhere_else_errors_are_pages_unless_json_alone_is_accepted() {
    let app = TestApp::start().await;
    for path in [
        "/nowhere",
        "/usersx",
        "/authx/login",
        "/static/nothing",
        "/avatars/nothing",
        "/@nobody",
    ] {
        for accept in [
            BROWSER,
            "text/html",
            "*/*",
            "",
            "application/json, text/html",
            "text/html, application/json",
        ] {
            is_page(&get(&app, path, accept).await, 404);
        }
        for accept in [
            "application/json",
            "application/json, text/plain, */*",
            "application/json;q=0.9",
        ] {
            let answer = get(&app, path, accept).await;
            let code = if path == "/@nobody" {
                "USER_NOT_FOUND"
            } else {
                "NOT_FOUND"
            };
            answer.error(404, code);
        }
    }
    let page = app.api().get("/nowhere").await;
    is_page(&page, 404);
}

#[tokio::test]
async fn another_method_is_405_and_says_which_are_allowed() {
    let app = TestApp::start().await;
    let id = "00000000-0000-0000-0000-000000000000";
    for (method, path, allowed) in [
        ("GET", "/auth/login".to_owned(), "POST"),
        ("DELETE", "/auth/register".to_owned(), "POST"),
        ("PUT", "/users/me".to_owned(), "GET PATCH DELETE"),
        ("POST", "/users/me".to_owned(), "GET PATCH DELETE"),
        ("GET", "/users/me/avatar".to_owned(), "PUT DELETE"),
        ("POST", "/users".to_owned(), "GET"),
        ("DELETE", format!("/users/{id}"), "GET"),
        ("GET", format!("/users/{id}/follow"), "POST DELETE"),
        ("PATCH", format!("/users/{id}/followers"), "GET"),
        ("POST", "/health".to_owned(), "GET"),
        ("POST", "/metrics".to_owned(), "GET"),
        ("POST", "/.well-known/jwks.json".to_owned(), "GET"),
        ("PUT", "/openapi.json".to_owned(), "GET"),
        ("TRACE", "/users/me".to_owned(), "GET PATCH DELETE"),
        ("FOO", "/users/me".to_owned(), "GET PATCH DELETE"),
    ] {
        let answer = app.api().request(method, &path).send().await;
        answer.error(405, "METHOD_NOT_ALLOWED");
        let allow = answer.header("allow").expect("an Allow header");
        let mut named: Vec<_> = allow.split(',').map(str::trim).collect();
        named.retain(|method| !matches!(*method, "HEAD" | "OPTIONS"));
        named.sort_unstable();
        let mut expected: Vec<_> = allowed.split(' ').collect();
        expected.sort_unstable();
        assert_eq!(named, expected, "{method} {path}");
    }
    for (method, path) in [
        ("DELETE", "/"),
        ("PUT", "/login"),
        ("POST", "/timeline"),
        ("GET", "/logout"),
        ("FOO", "/register"),
    ] {
        let answer = app.api().request(method, path).send().await;
        is_page(&answer, 405);
        assert!(answer.header("allow").is_some(), "{method} {path}");
    }
}

#[tokio::test]
async fn head_is_what_get_is_without_a_body() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for path in [
        "/",
        "/login",
        "/@ana",
        "/health",
        "/livez",
        "/.well-known/jwks.json",
        "/docs",
        "/nowhere",
        "/timeline",
        &ana.api(""),
    ] {
        let got = app.api().get(path).await;
        let head = app.api().request("HEAD", path).send().await;
        assert_eq!(head.status, got.status, "{path}");
        assert!(head.body.is_empty());
        assert_eq!(
            head.header("content-type"),
            got.header("content-type"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_slash_too_many_or_an_odd_path_is_404() {
    let app = TestApp::start().await;
    for path in [
        "/auth/login/",
        "/users/me/",
        "/users//me",
        "/auth//login",
        "/AUTH/login",
        "/users/me%2Favatar",
    ] {
        let answer = app.api().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert!(matches!(app.api().get("/%ff").await.status, 400 | 404));
    for path in [
        "//",
        "/login//",
        "/nothing/",
        "/%00",
        "/%2e%2e/etc/passwd",
        "/..%2f",
        "/static/../Cargo.toml",
        "/static/%2e%2e%2fCargo.toml",
        "/login%00",
    ] {
        let answer = app.api().get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn errors_tell_nothing_of_the_inside() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    for answer in [
        api.post("/auth/login", json!([1])).await,
        api.get("/users?ids='%20or%201=1").await,
        api.get("/users/me/nothing").await,
        api.patch("/users/me", json!({ "bio": "\0" })).await,
        api.upload(b"nothing").await,
        api.get("/nowhere").await,
    ] {
        let text = answer.text().to_lowercase();
        for inside in [
            "serde", "poem", "expected", "sql", "postgres", "panicked", "src/", ".rs", "line 1",
        ] {
            assert!(!text.contains(inside), "{inside}: {text}");
        }
    }
}
