//! USER-FE-002: the log-in page, without script.

use crate::support::{PASSWORD, Person, TestApp, Visitor};

/// Fills in the form of the page that is open.
async fn log_in(visitor: &mut Visitor, email: &str, password: &str) {
    visitor
        .send("Log in", &[("Email", email), ("Password", password)])
        .await;
}

async fn at_login(app: &TestApp, query: &str) -> Visitor {
    let mut visitor = app.visitor();
    visitor.open(&format!("/login{query}")).await;
    visitor
}

async fn signed_in(app: &TestApp, person: &Person) -> Visitor {
    let mut visitor = at_login(app, "").await;
    log_in(&mut visitor, &person.email, PASSWORD).await;
    visitor
}

#[tokio::test]
async fn the_form_has_its_two_fields() {
    let app = TestApp::start().await;
    let visitor = at_login(&app, "").await;
    let page = visitor.page();
    assert_eq!(
        (page.status, page.form("Log in").method.as_str()),
        (200, "POST")
    );
    for (label, name, autocomplete) in [
        ("Email", "email", "username"),
        ("Password", "password", "current-password"),
    ] {
        let field = page.field(label);
        assert_eq!(field.name, name);
        assert_eq!(field.attr("autocomplete"), Some(autocomplete));
        assert_eq!(field.attr("autofocus"), None);
    }
    assert_eq!(page.field("Password").kind, "password");
    assert!(
        page.links().iter().any(|link| link.contains("account")),
        "{:?}",
        page.links()
    );
}

#[tokio::test]
async fn user_fe_002_1_s1_successful_login_redirects_to_the_timeline() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let visitor = signed_in(&app, &ana).await;
    let page = visitor.page();
    assert_eq!(page.redirects, [(303, "/timeline".to_owned())]);
    assert_eq!((page.status, page.path()), (200, "/timeline"));
    assert!(page.has_button("Log out"));

    assert!(visitor.cookie("refresh_token").is_some());
    assert!(
        visitor.jar.all().count() >= 2,
        "the session's and the refresh token's"
    );
    for cookie in visitor.jar.all() {
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.has(attribute), "{cookie:?}");
        }
    }
    let html = page.html();
    assert!(!html.contains("eyJ"), "page script never sees a token");
    assert!(!html.contains(&visitor.cookie("refresh_token").unwrap().value));
    assert_eq!(app.count("refresh_tokens").await, 1);
}

#[tokio::test]
async fn user_fe_002_2_s1_invalid_credentials_show_a_generic_error() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for (email, password) in [
        (ana.email.as_str(), "something else"),
        ("no@example.org", PASSWORD),
    ] {
        let mut visitor = at_login(&app, "").await;
        log_in(&mut visitor, email, password).await;
        let page = visitor.page();
        assert_eq!((page.status, page.path()), (401, "/login"));
        page.shows("Invalid email or password");
        assert_eq!(page.field("Email").value, email);
        assert_eq!(page.field("Password").value, "");
        assert!(!page.html().contains(password));
        assert!(
            page.header("www-authenticate").is_none(),
            "that is for the API"
        );
        assert_eq!(page.header("set-cookie"), None, "no cookie set");
        assert!(visitor.cookie("refresh_token").is_none());
    }
    assert_eq!(
        app.count("refresh_tokens").await + app.count("web_sessions").await,
        0
    );
}

#[tokio::test]
async fn an_empty_form_is_told_what_is_missing() {
    let app = TestApp::start().await;
    let mut visitor = at_login(&app, "").await;
    log_in(&mut visitor, "", "").await;
    let page = visitor.page();
    assert_eq!(page.status, 422);
    assert!(page.field("Email").is_invalid() && page.field("Password").is_invalid());
}

#[tokio::test]
async fn an_unverified_account_is_told_and_offered_another_mail() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    app.sink.mail_to(&ana.email).await;
    let mut visitor = at_login(&app, "").await;
    log_in(&mut visitor, &ana.email, PASSWORD).await;
    let page = visitor.page();
    assert_eq!(page.status, 403);
    page.shows("Verify your email address first");
    assert!(visitor.cookie("refresh_token").is_none());
    visitor.press("Send the email again").await;
    assert_eq!(visitor.page().status, 200);
    let link = app.sink.nth_mail_to(&ana.email, 2).await.link();
    visitor.open(&link).await;
    visitor.press("Verify email address").await;
    assert_eq!(signed_in(&app, &ana).await.page().path(), "/timeline");
}

#[tokio::test]
async fn login_goes_on_to_where_the_visitor_was_going() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.visitor();
    visitor.open("/profile/edit").await;
    let page = visitor.page();
    assert_eq!(page.path(), "/login");
    assert_eq!(page.url.query(), Some("next=%2Fprofile%2Fedit"));
    // A mistake does not lose the way.
    log_in(&mut visitor, &ana.email, "something else").await;
    log_in(&mut visitor, &ana.email, PASSWORD).await;
    assert_eq!(
        (visitor.page().status, visitor.page().path()),
        (200, "/profile/edit")
    );
}

#[tokio::test]
async fn every_signed_in_page_sends_a_visitor_to_login_first() {
    let app = TestApp::start().await;
    app.person("ana").await;
    for path in [
        "/timeline",
        "/profile",
        "/profile/edit",
        "/@ana/followers",
        "/@ana/following?page=2",
        "/@ana/following?page=1&page=2",
        "/settings",
        "/settings/confirm?next=/profile&next=/timeline",
        "/settings/password",
        "/settings/email",
        "/settings/username",
        "/settings/devices",
        "/settings/history?cursor=nonsense",
        "/settings/history?cursor=1&cursor=2",
        "/settings/export",
        "/settings/export/download",
        "/settings/delete",
    ] {
        let mut visitor = app.visitor();
        let page = visitor.open(path).await;
        assert_eq!(page.redirects.first().map(|r| r.0), Some(303), "{path}");
        assert_eq!(page.path(), "/login");
        let next = page
            .url
            .query_pairs()
            .find(|(key, _)| key == "next")
            .unwrap()
            .1;
        assert_eq!(next, path);
    }
}

#[tokio::test]
async fn next_never_leads_to_another_site() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let home = app.url.clone();
    for next in [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https:evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "@evil.example",
        ".evil.example",
        "/%09/evil.example/%0d%0aSet-Cookie:a=b",
        "/..//evil.example",
        "data:text/html,x",
        "",
    ] {
        let mut query = reqwest::Url::parse("http://x/login").unwrap();
        query.query_pairs_mut().append_pair("next", next);
        let mut visitor = app.visitor();
        visitor
            .open(&format!("/login?{}", query.query().unwrap()))
            .await;
        let form = visitor.form("Log in");
        let mut form = form.clone();
        form.fill("Email", &ana.email).fill("Password", PASSWORD);
        visitor.submit(&form).await;
        let page = visitor.page();
        assert!(
            page.url.as_str().starts_with(&home),
            "{next:?} leads to {}",
            page.url
        );
        let (status, location) = &page.redirects[0];
        assert_eq!(*status, 303);
        let resolved = reqwest::Url::parse(&home).unwrap().join(location).unwrap();
        assert!(
            resolved.as_str().starts_with(&home),
            "{next:?} leads to {location:?}"
        );
    }
}

#[tokio::test]
async fn who_is_signed_in_needs_no_log_in_page() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = signed_in(&app, &ana).await;
    assert_eq!(visitor.open("/").await.path(), "/timeline");
}
