//! Browser sessions: how long they last, how they renew themselves, how they end.

use crate::support::{PASSWORD, Person, TestApp, Visitor};
use time::Duration;

impl TestApp {
    /// A visitor who has logged in.
    pub async fn signed_in(&self, person: &Person) -> Visitor {
        let mut visitor = self.visitor();
        visitor.open("/login").await;
        visitor
            .send(
                "Log in",
                &[("Email", &person.email), ("Password", PASSWORD)],
            )
            .await;
        assert_eq!(
            visitor.page().path(),
            "/timeline",
            "{}",
            visitor.page().text()
        );
        visitor
    }
}

#[tokio::test]
async fn a_session_that_ran_out_is_renewed_by_the_next_page_view() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let before = visitor.cookie("refresh_token").unwrap().value.clone();
    visitor.jar.keep_only(&["refresh_token"]);
    let page = visitor.open("/profile").await;
    assert_eq!(
        (page.status, page.path(), page.redirects.len()),
        (200, "/profile", 0)
    );
    let after = visitor.cookie("refresh_token").unwrap();
    assert_ne!(after.value, before);
    assert!(after.has("HttpOnly") && after.has("Max-Age=2592000"));
    assert!(visitor.jar.all().count() >= 2, "both cookies are new");
    assert_eq!(visitor.open("/profile").await.status, 200);
}

#[tokio::test]
async fn it_lives_as_long_as_the_refresh_token_and_no_longer() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    for _ in 0..3 {
        app.clock.advance(Duration::days(29));
        let page = visitor.open("/profile").await;
        assert_eq!((page.status, page.path()), (200, "/profile"));
    }
    app.clock.advance(Duration::days(31));
    let page = visitor.open("/profile").await;
    assert_eq!(page.path(), "/login");
    assert_eq!(page.url.query(), Some("next=%2Fprofile"));
}

#[tokio::test]
async fn every_page_comes_with_the_session_that_it_renewed() {
    let app = TestApp::start().await;
    let (ana, bob) = (app.person("ana").await, app.person("bob").await);
    app.follow(&bob, &ana).await;
    let mut visitor = app.signed_in(&ana).await;
    for path in [
        "/timeline",
        "/profile",
        "/profile/edit",
        "/settings",
        "/settings/password",
        "/settings/email",
        "/settings/username",
        "/settings/devices",
        "/settings/history",
        "/settings/export",
        "/settings/delete",
        "/@bob",
        "/@bob/following",
        "/@ana/followers",
    ] {
        visitor.jar.keep_only(&["refresh_token"]);
        let page = visitor.open(path).await;
        assert_eq!((page.status, page.path()), (200, path));
    }
}

#[tokio::test]
async fn several_tabs_at_once_renew_it_together() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.jar.keep_only(&["refresh_token"]);
    let tabs = (0..8).map(|_| {
        let mut tab = visitor.clone();
        async move {
            let page = tab.open("/profile").await;
            assert_eq!((page.status, page.path()), (200, "/profile"));
            tab
        }
    });
    let tabs = futures_util::future::join_all(tabs).await;
    let mut tokens: Vec<_> = tabs
        .iter()
        .map(|tab| tab.cookie("refresh_token").unwrap().value.clone())
        .collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "the session did not fork");
    assert_eq!(app.count("refresh_tokens where not revoked").await, 1);
    for mut tab in tabs {
        assert_eq!(tab.open("/timeline").await.path(), "/timeline");
    }
}

#[tokio::test]
async fn a_form_sent_after_the_session_ran_out_still_arrives() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/profile/edit").await;
    visitor.jar.keep_only(&["refresh_token"]);
    let page = visitor.send("Save", &[("Display name", "Ana B.")]).await;
    assert!(page.status < 500);
    // Accepted at once, or refused with the form refilled and good for another try.
    if page.status == 403 {
        assert_eq!(page.field("Display name").value, "Ana B.");
        visitor.press("Save").await;
    }
    let name: Option<String> = app.value("select display_name from users.users", &[]).await;
    assert_eq!(name.as_deref(), Some("Ana B."));
}

#[tokio::test]
async fn log_out_ends_the_session_and_its_tokens() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let other_device = app.signed_in(&ana).await;
    let mut visitor = app.signed_in(&ana).await;
    let stolen = visitor.clone();
    let page = visitor.press("Log out").await;
    assert_eq!(page.status, 200);
    assert!(visitor.cookie("refresh_token").is_none());
    for mut gone in [visitor, stolen.clone()] {
        assert_eq!(gone.open("/timeline").await.path(), "/login");
    }
    let token = &stolen.cookie("refresh_token").unwrap().value;
    let answer = app.api().with_refresh_token("/auth/refresh", token).await;
    answer.error(401, "INVALID_REFRESH_TOKEN");
    let mut other_device = other_device;
    assert_eq!(other_device.open("/timeline").await.path(), "/timeline");
}

#[tokio::test]
async fn behind_https_every_cookie_is_secure() {
    for settings in [
        [
            ("PUBLIC_URL", "https://social.example.org"),
            ("APP_ENV", "development"),
        ],
        [
            ("PUBLIC_URL", "http://localhost"),
            ("APP_ENV", "production"),
        ],
    ] {
        let app = TestApp::with(&settings).await;
        let ana = app.person("ana").await;
        let mut visitor = app.signed_in(&ana).await;
        visitor.open("/profile/edit").await;
        visitor.send("Save", &[("Display name", "Ana B.")]).await;
        visitor.page().shows("Ana B.");
        let cookies: Vec<_> = visitor.jar.all().cloned().collect();
        assert!(cookies.len() >= 2);
        for cookie in cookies {
            for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.has(attribute), "{cookie:?}");
            }
            assert!(
                !cookie.attributes.iter().any(|a| a.starts_with("Domain")),
                "{cookie:?}"
            );
        }
        visitor.press("Log out").await;
        assert_eq!(visitor.open("/timeline").await.path(), "/login");
    }
}

#[tokio::test]
async fn log_out_is_a_post_and_nothing_else() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/logout").await;
    assert_eq!((page.status, page.header("allow")), (405, Some("POST")));
    assert_eq!(visitor.open("/timeline").await.path(), "/timeline");
}

#[tokio::test]
async fn the_session_gets_a_new_id_at_login() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let name = {
        let visitor = app.signed_in(&ana).await;
        let session = visitor
            .jar
            .all()
            .find(|cookie| cookie.name != "refresh_token");
        session.unwrap().name.clone()
    };
    let mut victim = app.visitor();
    victim.jar.plant(&name, "AAAAAAAAAAAAAAAAAAAAAA");
    victim.open("/login").await;
    victim
        .send("Log in", &[("Email", &ana.email), ("Password", PASSWORD)])
        .await;
    assert_ne!(
        victim.cookie(&name).unwrap().value,
        "AAAAAAAAAAAAAAAAAAAAAA"
    );
    let mut attacker = app.visitor();
    attacker.jar.plant(&name, "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(attacker.open("/timeline").await.path(), "/login");
}

#[tokio::test]
async fn visits_without_an_account_write_nothing() {
    let app = TestApp::start().await;
    app.person("ana").await;
    app.mails_are_out().await;
    let before = app.dump().await;
    let mut visitor = app.visitor();
    for path in ["/", "/login", "/register", "/@ana", "/timeline", "/nowhere"] {
        visitor.open(path).await;
    }
    visitor.open("/login").await;
    visitor
        .send(
            "Log in",
            &[("Email", "ana@example.org"), ("Password", "no such one")],
        )
        .await;
    // The wrong password is told to the owner and counted, and nothing else is written.
    let dump = app.dump().await;
    let told = |row: &&str| row.contains("log_in_failed");
    assert_eq!(dump.lines().filter(told).count(), 1);
    let others = dump
        .lines()
        .filter(|row| !told(row) && !row.contains("\"full_at\""));
    assert!(others.eq(before.lines()));
    assert_eq!(app.count("web_sessions").await, 0);
}

#[tokio::test]
async fn the_page_session_is_no_ticket_for_the_json_api() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let visitor = app.signed_in(&ana).await;
    let cookies = visitor.jar.header("/").unwrap();
    let api = app.api();
    let answer = api
        .request("GET", "/users/me")
        .header("Cookie", &cookies)
        .send()
        .await;
    answer.error(401, "UNAUTHENTICATED");
    let answer = api.request("PATCH", "/users/me").header("Cookie", &cookies);
    let answer = answer.json(&serde_json::json!({ "bio": "x" })).send().await;
    answer.error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn an_account_that_is_gone_is_signed_out() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    let ana = app.unverified("ana").await;
    let link = app.sink.mail_to(&ana.email).await.link();
    let mut visitor = app.signed_in(&ana).await;
    let mut owner = app.visitor();
    owner.open(&link).await;
    owner.press("This was not me").await;
    assert_eq!(app.count("users").await, 0);
    let page = visitor.open("/timeline").await;
    assert_eq!(page.path(), "/login");
    app.api()
        .of(&ana)
        .get("/users/me")
        .await
        .error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn no_access_token_is_stored_in_clear() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    assert_eq!(visitor.open("/timeline").await.status, 200);
    assert_eq!(app.count("web_sessions").await, 1);
    // How every JWT begins.
    assert!(!app.dump().await.contains("eyJ"));
}
