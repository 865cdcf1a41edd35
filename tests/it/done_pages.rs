//! Pages that say that something was done: right after it was, and to nobody who merely opens them.

use crate::support::{PASSWORD, Page, TestApp, Visitor};

/// The pages, and where they lead strangers and members who did nothing.
const PAGES: [(&str, &str, &str); 7] = [
    ("/settings/password/changed", "/login", "/settings"),
    ("/settings/email/changed", "/login", "/settings"),
    ("/settings/email/restored", "/login", "/timeline"),
    ("/settings/email/kept", "/login", "/settings"),
    ("/settings/delete/done", "/", "/timeline"),
    ("/settings/delete/kept?next=/profile", "/login", "/profile"),
    ("/verify/rejected", "/", "/timeline"),
];

/// Insists that these pages lead elsewhere.
async fn assert_silent(visitor: &mut Visitor, leads_to: impl Fn(usize) -> &'static str) {
    for (n, (path, ..)) in PAGES.iter().enumerate() {
        let page = visitor.open(path).await;
        assert_eq!((page.status, page.path()), (200, leads_to(n)), "{path}");
        assert_eq!(page.redirects[0].0, 303, "{path}");
    }
}

/// Insists that a page is shown again when it is loaded again, or gone back to.
async fn assert_said(visitor: &mut Visitor, path: &str, heading: &str) {
    let is_it = |page: &Page| {
        assert_eq!((page.status, page.path()), (200, path));
        assert_eq!(page.h1(), heading);
        assert_eq!(page.header("cache-control"), Some("no-store"));
    };
    is_it(visitor.page());
    is_it(visitor.open(path).await);
    visitor.open("/").await;
    is_it(visitor.open(path).await);
    let left = visitor.cookie("flash").unwrap();
    assert!(left.has("HttpOnly") && left.has("Max-Age=600"), "{left:?}");
}

#[tokio::test]
async fn nobody_is_told_of_what_was_not_done() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.visitor();
    assert_silent(&mut visitor, |n| PAGES[n].1).await;
    visitor.jar.plant("flash", "<b>you won</b>");
    assert_silent(&mut visitor, |n| PAGES[n].1).await;
    let mut member = app.signed_in(&ana).await;
    assert_silent(&mut member, |n| PAGES[n].2).await;
    for words in ["one", "others", "session_ended"] {
        let page = member
            .open(&format!("/settings/devices?done={words}"))
            .await;
        assert!(page.all("main [role=status]").is_empty(), "{words}");
    }
}

#[tokio::test]
async fn a_new_password_is_told_and_nothing_else() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/password").await;
    let typed = [
        ("Current password", PASSWORD),
        ("New password", "another horse battery"),
    ];
    visitor.send("Change password", &typed).await;
    let path = "/settings/password/changed";
    assert_said(&mut visitor, path, "Your password is changed").await;
    for (other, _, leads_to) in &PAGES[1..] {
        assert_eq!(visitor.open(other).await.path(), *leads_to, "{other}");
    }
    // The log-in page speaks of passwords that were set with a link.
    visitor.press("Log out").await;
    assert!(!visitor.open("/login").await.has("Log in with it"));
}

#[tokio::test]
async fn a_change_of_address_and_its_undoing_are_told() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, "new@example.org").await;
    let link = app.sink.mail_to("new@example.org").await.link();
    visitor.open(&link).await;
    visitor.press("Confirm email address").await;
    let path = "/settings/email/changed";
    assert_said(&mut visitor, path, "Your email address is changed").await;
    let undo = app.mail_saying(&ana.email, "/settings/email/restore?token=");
    let undo = undo.await.link();
    visitor.open(&undo).await;
    visitor.press("This was not me").await;
    let path = "/settings/email/restored";
    assert_said(&mut visitor, path, "Your old email address is back").await;
    let page = visitor.open("/settings/email/changed").await;
    assert_eq!(page.path(), "/login", "that was before");
}

#[tokio::test]
async fn leaving_is_told_until_somebody_logs_in() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/delete").await;
    visitor.press("Delete my account").await;
    let path = "/settings/delete/done";
    assert_said(&mut visitor, path, "Your account will be deleted").await;
    let log_in = async |email: &str| {
        let mut visitor = visitor.clone();
        visitor.open("/login").await;
        let typed = [("Email", email), ("Password", PASSWORD)];
        visitor.send("Log in", &typed).await;
        visitor
    };
    let mut other = log_in(&bob.email).await;
    assert_eq!(other.open(path).await.path(), "/timeline");
    let mut back = log_in(&ana.email).await;
    let kept = "/settings/delete/kept";
    assert_said(&mut back, kept, "Your account is kept").await;
    assert_eq!(back.open(path).await.path(), "/timeline");
}

#[tokio::test]
async fn an_account_that_was_refused_is_told() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let mut visitor = app.visitor();
    visitor
        .open(&app.sink.mail_to(&ana.email).await.link())
        .await;
    visitor.press("This was not me").await;
    assert_said(&mut visitor, "/verify/rejected", "The account is deleted").await;
}

#[tokio::test]
async fn an_ended_session_is_told_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.signed_in(&ana).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/devices").await;
    let page = visitor.press("End all other sessions").await;
    assert_eq!(page.url.query(), None);
    page.shows("All other sessions have ended.");
    let page = visitor.open("/settings/devices").await;
    assert!(!page.has("All other sessions have ended."));
}
