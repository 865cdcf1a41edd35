//! A forgotten password in a browser without script.

use crate::support::{Page, TestApp, Visitor};

const NEW: &str = "a better horse battery";
const DONE: &str = "Your password was changed. Log in with it.";

async fn ask(visitor: &mut Visitor, email: &str) -> Page {
    visitor.open("/forgot-password").await;
    let typed = [("Email", email)];
    visitor.send("Send the link", &typed).await.clone()
}

async fn log_in(visitor: &mut Visitor, email: &str, password: &str) {
    visitor.open("/login").await;
    let typed = [("Email", email), ("Password", password)];
    visitor.send("Log in", &typed).await;
}

#[tokio::test]
async fn from_the_log_in_page_to_a_new_password_and_in() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.visitor();
    visitor.open("/login").await;
    let page = visitor.click("Forgot your password?").await;
    assert_eq!((page.status, page.path()), (200, "/forgot-password"));
    let email = page.field("Email");
    assert_eq!(
        (email.name.as_str(), email.kind.as_str()),
        ("email", "email")
    );
    assert_eq!(email.attr("autocomplete"), Some("email"));
    let page = ask(&mut visitor, &ana.email).await;
    assert_eq!(page.redirects.first().map(|redirect| redirect.0), Some(303));
    assert_eq!((page.status, page.h1().as_str()), (200, "Check your email"));

    let mail = app.sink.nth_mail_to(&ana.email, 2).await;
    let page = visitor.open(&mail.link()).await;
    assert_eq!((page.status, page.path()), (200, "/reset-password"));
    assert!(!page.url.as_str().contains("token"), "{}", page.url);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    page.shows("ana");
    let password = page.field("Password");
    assert_eq!(password.attr("autocomplete"), Some("new-password"));
    assert_eq!(password.name, "password");
    assert_eq!(page.fields().len(), 1);

    let page = visitor.send("Set password", &[("Password", NEW)]).await;
    assert_eq!(page.redirects, [(303, "/login".to_owned())]);
    page.shows(DONE);
    for secret in ["refresh_token", "session", "reset_token", "flash"] {
        assert!(visitor.cookie(secret).is_none(), "{secret}");
    }
    assert!(!visitor.open("/login").await.has(DONE), "said once");
    log_in(&mut visitor, &ana.email, NEW).await;
    assert_eq!(visitor.page().path(), "/timeline");
    visitor.open(&mail.link()).await;
    assert_eq!(visitor.page().status, 422);
    visitor.page().shows("This link does not work any more");
}

#[tokio::test]
async fn whoever_asks_gets_the_same_page_to_the_byte() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.unverified("bob").await;
    let mut seen = Vec::new();
    for email in [ana.email.as_str(), "bob@example.org", "nobody@example.org"] {
        let mut visitor = app.visitor();
        let page = ask(&mut visitor, email).await;
        seen.push((page.redirects.clone(), page.status, page.html()));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(!seen[0].2.contains("example.org"));
}

#[tokio::test]
async fn a_slip_in_the_address_is_told() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    let page = ask(&mut visitor, "notanemail").await;
    assert_eq!(page.status, 422);
    let email = page.field("Email");
    assert!(email.is_invalid() && email.value == "notanemail");
    assert!(email.description.contains("Enter a valid email address"));
}

#[tokio::test]
async fn opening_the_link_changes_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let link = format!(
        "/reset-password?token={}",
        app.reset_token(&ana.email).await
    );
    app.mails_are_out().await;
    let before = app.dump().await;
    for _ in 0..3 {
        assert!(app.visitor().open(&link).await.has_button("Set password"));
    }
    let head = app.api().request("HEAD", &link).send().await;
    assert_eq!(head.status, 303);
    assert_eq!(app.dump().await, before);
}

#[tokio::test]
async fn a_password_that_breaks_a_rule_is_told_and_the_form_stays() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let link = format!(
        "/reset-password?token={}",
        app.reset_token(&ana.email).await
    );
    let mut visitor = app.visitor();
    visitor.open(&link).await;
    for bad in ["", "short", "password123", ana.email.as_str()] {
        let page = visitor.send("Set password", &[("Password", bad)]).await;
        assert_eq!(page.status, 422, "{bad}");
        let field = page.field("Password");
        assert!(field.is_invalid() && field.value.is_empty(), "{field:?}");
        assert!(bad.len() < 6 || !page.html().contains(bad), "{bad}");
    }
    // A browser that lost its cookies meanwhile is asked to send it once more.
    visitor.jar.keep_only(&[]);
    let page = visitor.send("Set password", &[("Password", NEW)]).await;
    assert_eq!(page.status, 403);
    let page = visitor.send("Set password", &[("Password", NEW)]).await;
    page.shows(DONE);
}

#[tokio::test]
async fn a_link_that_is_no_good_says_so_and_offers_another() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for address in [
        "/reset-password",
        "/reset-password?token=",
        "/reset-password?token=x",
        "/reset-password?token=%00",
        "/reset-password?token=%ff",
    ] {
        let mut visitor = app.visitor();
        let page = visitor.open(address).await;
        assert!(
            matches!(page.status, 400 | 422),
            "{address}: {}",
            page.status
        );
        assert!(!page.has_button("Set password"), "{address}");
    }
    let mut visitor = app.visitor();
    visitor.open("/reset-password").await;
    let typed = [("Email", ana.email.as_str())];
    let page = visitor.send("Send the link", &typed).await;
    assert_eq!(page.h1(), "Check your email");
}

#[tokio::test]
async fn who_is_signed_in_may_use_both_pages_and_is_signed_out_everywhere() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let mut elsewhere = app.signed_in(&ana).await;
    assert_eq!(ask(&mut visitor, &ana.email).await.h1(), "Check your email");
    let mail = app.sink.nth_mail_to(&ana.email, 2).await;
    visitor.open(&mail.link()).await;
    let page = visitor.send("Set password", &[("Password", NEW)]).await;
    assert_eq!(page.path(), "/login");
    page.shows(DONE);
    for browser in [&mut visitor, &mut elsewhere] {
        assert_eq!(browser.open("/timeline").await.path(), "/login");
    }
}

#[tokio::test]
async fn who_is_signed_in_as_somebody_else_stays_so_and_is_told_too() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let token = app.reset_token(&ana.email).await;
    let mut visitor = app.signed_in(&bob).await;
    visitor
        .open(&format!("/reset-password?token={token}"))
        .await;
    let page = visitor.send("Set password", &[("Password", NEW)]).await;
    page.shows(DONE);
    assert_eq!(visitor.open("/timeline").await.path(), "/timeline");
}

#[tokio::test]
async fn what_was_not_done_can_not_be_claimed_by_an_address() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    for address in [
        "/login?flash=password_set",
        "/login?password_set",
        "/login?next=%2F&said=x",
    ] {
        assert!(!visitor.open(address).await.has(DONE), "{address}");
    }
}

#[tokio::test]
async fn when_the_service_fails_the_forms_work_later() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let link = format!(
        "/reset-password?token={}",
        app.reset_token(&ana.email).await
    );
    let (mut asking, mut setting) = (app.visitor(), app.visitor());
    asking.open("/forgot-password").await;
    setting.open(&link).await;
    app.database.allow_connections(false).await;
    let page = asking.send("Send the link", &[("Email", &ana.email)]).await;
    assert_eq!(page.status, 503);
    assert_eq!(page.field("Email").value, ana.email);
    let mut filled = setting.form("Set password");
    filled.fill("Password", NEW);
    assert_eq!(setting.submit(&filled).await.status, 503);
    app.database.allow_connections(true).await;
    assert_eq!(asking.press("Send the link").await.h1(), "Check your email");
    setting.submit(&filled).await.shows(DONE);
}
