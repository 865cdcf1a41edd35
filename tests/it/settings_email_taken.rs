//! The address of a link is that of another account meanwhile: the page says what can be done, and
//! that works.

use crate::support::{PASSWORD, Page, TestApp, Visitor};
use serde_json::json;

const TAKEN: &str = "This address has another account";
const GIVEN_UP: &str = "given.up@example.org";

impl TestApp {
    /// Somebody makes an account with this address and proves it.
    pub async fn takes(&self, username: &str, email: &str) {
        let body = json!({ "email": email, "username": username, "password": PASSWORD });
        self.api().post("/auth/register", body).await.expect(201);
        // The address may have had links of another account.
        self.mails_are_out().await;
        let token = self.mail_saying(email, "/verify?token=").await.token();
        let body = json!({ "token": token });
        self.api().post("/auth/verify", body).await.expect(200);
    }

    /// The account with this address gets another one, as the page advises.
    async fn gives_up(&self, email: &str) {
        let mut visitor = self.visitor();
        visitor.open("/login").await;
        let typed = [("Email", email), ("Password", PASSWORD)];
        visitor.send("Log in", &typed).await;
        self.asks_for(&mut visitor, GIVEN_UP).await;
        visitor
            .open(&self.sink.mail_to(GIVEN_UP).await.link())
            .await;
        let page = visitor.press("Confirm email address").await;
        assert_eq!(page.h1(), "Your email address is changed");
    }
}

/// Insists that a button did nothing and that the page says what can be done.
#[track_caller]
fn assert_taken(page: &Page, email: &str) {
    assert_eq!((page.status, page.h1().as_str()), (409, TAKEN));
    page.shows(email).shows("Nothing was changed");
    page.shows("give it another address");
    let reset = page.link("set a new one").unwrap();
    assert_eq!(reset.attr("href"), Some("/forgot-password"));
    assert!(page.all("[role=alert], main form").is_empty());
    for link in page.all("main a") {
        let href = link.attr("href").unwrap();
        assert!(href.starts_with('/'), "{href} leads nowhere");
    }
}

#[tokio::test]
async fn a_new_address_that_was_taken_meanwhile_says_what_can_be_done() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, "bob@example.org").await;
    let link = app.sink.mail_to("bob@example.org").await.link();
    app.takes("bob", "bob@example.org").await;
    visitor.open(&link).await;
    let page = visitor.press("Confirm email address").await;
    assert_taken(page, "bob@example.org");
    page.shows("Log out here, then log in to that one");
    assert_eq!(app.email_of(&ana).await, ana.email);
    assert_eq!(app.count("email_restorations").await, 0);
    let page = visitor.click("Ask for it in the settings").await;
    assert_eq!((page.status, page.path()), (200, "/settings/email"));

    app.gives_up("bob@example.org").await;
    visitor.open(&link).await;
    let page = visitor.press("Confirm email address").await;
    assert_eq!(page.h1(), "Your email address is changed");
    assert_eq!(app.email_of(&ana).await, "bob@example.org");
}

#[tokio::test]
async fn an_old_address_that_was_taken_meanwhile_says_what_can_be_done() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut thief = app.signed_in(&ana).await;
    app.asks_for(&mut thief, "thief@example.org").await;
    let link = app.sink.mail_to("thief@example.org").await.link();
    thief.open(&link).await;
    thief.press("Confirm email address").await;
    let undo = app.mail_saying(&ana.email, "/settings/email/restore?token=");
    let undo = undo.await.link();
    app.takes("other", &ana.email).await;
    let mut owner = app.visitor();
    owner.open(&undo).await;
    let page = owner.press("This was not me").await;
    assert_taken(page, &ana.email);
    assert_eq!(page.link("Log in").unwrap().attr("href"), Some("/login"));
    assert_eq!(app.email_of(&ana).await, "thief@example.org");

    app.gives_up(&ana.email).await;
    owner.open(&undo).await;
    let page = owner.press("This was not me").await;
    assert_eq!(page.h1(), "Your old email address is back");
    assert_eq!(app.email_of(&ana).await, ana.email);
}

async fn registers(visitor: &mut Visitor, email: &str) -> Page {
    let typed = [
        ("Email", email),
        ("Username", "max"),
        ("Password", PASSWORD),
    ];
    visitor.send("Create account", &typed).await.clone()
}

#[tokio::test]
async fn who_registers_with_an_address_that_is_taken_is_shown_the_ways_in() {
    const WAYS: &str = "Is it your account?";
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.visitor();
    assert!(!visitor.open("/register").await.has(WAYS));
    assert!(!registers(&mut visitor, "x").await.has(WAYS));
    let page = registers(&mut visitor, &ana.email).await;
    assert_eq!(page.status, 409);
    page.shows("This email is already registered").shows(WAYS);
    let reset = page.link("Set a new one").unwrap();
    assert_eq!(reset.attr("href"), Some("/forgot-password"));

    let page = registers(&mut visitor, "max@example.org").await;
    assert!(!page.has(WAYS), "{}", page.text());
    let typed = [("Email", ana.email.as_str())];
    let page = visitor.send("Send to this address", &typed).await;
    assert_eq!(page.status, 409);
    page.shows("This email is already registered").shows(WAYS);
    let page = visitor.click("Log in").await;
    assert_eq!((page.status, page.path()), (200, "/login"));
}
