//! Other spellings of addresses, addresses that others agreed on, and the service at a wrong one.

use crate::support::{Answer, PASSWORD, TestApp};

#[tokio::test]
async fn a_percent_encoded_spelling_of_a_path_is_the_same_page() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    for (spelled, h1) in [
        ("/%40bob", "bob"),
        ("/%40b%6Fb", "bob"),
        ("/%40bob/%66ollowers", "Followers of bob"),
        ("/%40bob/following?page=1", "People that bob follows"),
        ("/%73ettings", "Settings"),
    ] {
        let page = visitor.open(spelled).await;
        assert_eq!((page.status, page.h1().as_str()), (200, h1), "{spelled}");
    }
    visitor.open("/@bob").await;
    let mut form = visitor.form("Follow");
    form.action = form.action.replace('@', "%40");
    visitor.submit(&form).await.shows("1 follower");
    app.api()
        .get(&format!("/%75sers/{}", bob.id))
        .await
        .expect(200);
    for (unknown, kind) in [
        ("/%40nobody", "text/html"),
        ("/a%2Fb", "text/html"),
        ("/%75sers/x", "application/json"),
    ] {
        let answer = app.api().get(unknown).await.expect(404);
        assert!(
            answer.header("content-type").unwrap().starts_with(kind),
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn a_page_with_a_slash_at_its_end_leads_to_the_page() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    for path in [
        "/@ana",
        "/@ana/followers",
        "/%40ana",
        "/settings",
        "/settings/email",
        "/profile/edit",
    ] {
        let with_slash = format!("{path}/?page=1");
        let page = visitor.open(&with_slash).await;
        let there = format!("{}?page=1", path.replace("%40", "@"));
        assert_eq!(page.redirects, [(308, there)], "{path}");
        assert_eq!(page.status, 200, "{path}");
    }
    let head = app.api().request("HEAD", "/login/").send().await;
    assert_eq!(
        (head.status, head.header("location")),
        (308, Some("/login"))
    );
    for unknown in [
        "/nowhere/",
        "/@ana//",
        "/users/",
        "/auth/login/",
        "/logout/",
        "//evil.example/",
    ] {
        app.api().get(unknown).await.expect(404);
    }
}

#[tokio::test]
async fn password_managers_find_the_page_to_change_a_password() {
    let app = TestApp::start().await;
    let answer = app
        .api()
        .get("/.well-known/change-password")
        .await
        .expect(302);
    assert_eq!(answer.header("location"), Some("/settings/password"));
    assert!(answer.body.is_empty());
    let missing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    app.api().get(missing).await.error(404, "NOT_FOUND");
}

/// Sends the registration form as a browser does that opened it at `origin`.
async fn register_at(app: &TestApp, origin: &str) -> Answer {
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    let mut form = visitor.form("Create account");
    form.fill("Email", "ana@example.org")
        .fill("Username", "ana")
        .fill("Password", PASSWORD);
    let body = serde_urlencoded::to_string(form.entries()).unwrap();
    let request = app
        .api()
        .request("POST", "/register")
        .header("Origin", origin);
    let request = request.header("Cookie", &visitor.jar.header("/").unwrap());
    request
        .body("application/x-www-form-urlencoded", body)
        .send()
        .await
}

#[tokio::test]
async fn a_form_that_was_opened_at_another_address_says_where_the_service_is_and_keeps_what_was_typed()
 {
    let app = TestApp::with(&[("PUBLIC_URL", "http://social.example:8080")]).await;
    let here = app.url.clone();
    let answer = register_at(&app, &here).await.expect(403);
    let page = answer.text();
    assert!(
        page.contains("Forms work only at http://social.example:8080."),
        "{page}"
    );
    assert!(page.contains("value=\"ana@example.org\"") && page.contains("value=\"ana\""));
    assert!(!page.contains(PASSWORD));
    // What comes from another site is still refused without a look at it.
    for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
        let page = register_at(&app, origin).await.expect(403).text();
        assert!(
            page.contains("came from another site") && !page.contains("ana@example.org"),
            "{page}"
        );
    }
    let request = app
        .api()
        .request("POST", "/auth/login")
        .header("Origin", &here);
    let answer = request.json(&serde_json::json!({})).send().await;
    answer.error(403, "CROSS_SITE_REQUEST");
    assert_eq!(app.count("users").await, 0);
    register_at(&app, "http://social.example:8080")
        .await
        .expect(303);
}
