//! Changing one's e-mail address: asking for it, and the new address proving itself.

use crate::support::{Mail, PASSWORD, Person, TestApp, Visitor, eventually};
use serde_json::json;
use time::Duration;

const ENDPOINT: &str = "/users/me/email";
const NEW: &str = "new@example.org";
const CONFIRM: &str = "Confirm email address";

impl TestApp {
    /// The address that an account has.
    pub async fn email_of(&self, person: &Person) -> String {
        let email = "select email from users.users where id = $1";
        self.value(email, &[&person.id]).await
    }

    /// The newest mail to an address that says this in its subject or text, once it is there.
    pub async fn mail_saying(&self, address: &str, words: &str) -> Mail {
        eventually(&format!("a mail to {address} with {words:?}"), || async {
            let mut mails = self.sink.mails_to(address).into_iter().rev();
            mails.find(|mail| mail.subject().contains(words) || mail.text().contains(words))
        })
        .await
    }

    /// Asks for another address on the page.
    pub async fn asks_for(&self, visitor: &mut Visitor, email: &str) {
        visitor.open("/settings/email").await;
        visitor.send("Change email", &[("New email", email)]).await;
        assert_eq!(visitor.page().path(), "/settings/email");
    }
}

#[tokio::test]
async fn the_new_address_proves_itself_before_anything_changes() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, NEW).await;
    visitor.page().shows("We sent an email to new@example.org");
    visitor
        .open("/settings")
        .await
        .shows("We sent an email to new@example.org");
    assert_eq!(app.email_of(&ana).await, ana.email);
    let mail = app.sink.mail_to(NEW).await;
    assert_eq!(mail.subject(), "Confirm your new email address");
    // Whoever reads the mail need not be logged in there.
    let mut reader = app.visitor();
    app.mails_are_out().await;
    let before = app.dump().await;
    for _ in 0..2 {
        let page = reader.open(&mail.link()).await;
        assert_eq!((page.status, page.path()), (200, "/settings/email/confirm"));
        assert_eq!(page.url.query(), None, "the token leaves the address");
        page.shows(NEW).shows("ana");
    }
    assert_eq!(
        app.dump().await,
        before,
        "following the link changes nothing"
    );
    let page = reader.press(CONFIRM).await;
    assert_eq!(
        (page.status, page.h1().as_str()),
        (200, "Your email address is changed")
    );
    assert_eq!(app.email_of(&ana).await, NEW);
    assert_eq!(app.count("users where email_verified").await, 1);
    visitor.open("/profile").await.shows(NEW);
    assert!(!visitor.open("/settings").await.has("We sent an email"));
    let page = reader.open(&mail.link()).await;
    assert_eq!(page.h1(), "This link does not work any more");
    let body = json!({"email": NEW, "password": PASSWORD});
    app.api().post("/auth/login", body).await.expect(200);
    for event in ["email_change_requested", "email_changed"] {
        let noted = format!("audit_log where event = '{event}'");
        assert_eq!(app.count(&noted).await, 1, "{event}");
    }
}

#[tokio::test]
async fn what_was_typed_survives_the_question_for_the_password() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/email").await;
    app.clock.advance(Duration::minutes(11));
    let page = visitor.send("Change email", &[("New email", NEW)]).await;
    assert_eq!(page.h1(), "Enter your password");
    page.shows("You are on your way to Email address");
    assert_eq!(app.count("email_changes").await, 0);
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.path(), "/settings/email");
    assert_eq!(page.field("New email").value, NEW);
    page.shows("Here is what you typed");
    visitor
        .press("Change email")
        .await
        .shows("We sent an email to new@example.org");
    assert_eq!(
        visitor
            .open("/settings/email")
            .await
            .field("New email")
            .value,
        ""
    );
}

#[tokio::test]
async fn the_page_itself_asks_for_the_password_too() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.clock.advance(Duration::minutes(11));
    let page = visitor.open("/settings/email").await;
    assert_eq!(page.h1(), "Enter your password");
    let page = visitor.send("Continue", &[("Password", PASSWORD)]).await;
    assert_eq!(page.path(), "/settings/email");
}

#[tokio::test]
async fn over_the_api_it_needs_a_recent_password() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    app.clock.advance(Duration::minutes(11));
    let body = json!({"email": NEW});
    let refused = api.put(ENDPOINT, body.clone()).await;
    refused.error(403, "REAUTHENTICATION_REQUIRED");
    let password = json!({"password": PASSWORD});
    api.post("/users/me/reauthenticate", password)
        .await
        .expect(204);
    let answer = api.put(ENDPOINT, body).await.expect(202);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    app.sink.mail_to(NEW).await;
    for (body, code) in [
        (json!({"email": "x"}), "invalid_format"),
        (json!({"email": ana.email}), "unchanged"),
        (json!({}), "required"),
    ] {
        let error = api.put(ENDPOINT, body).await.invalid("email");
        assert_eq!(error["fields"][0]["code"], code);
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_answered_like_a_free_one_and_its_owner_told() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let api = app.in_session(&ana).await;
    let taken = api.put(ENDPOINT, json!({"email": "BOB@example.org"})).await;
    let free = api.put(ENDPOINT, json!({"email": NEW})).await;
    assert_eq!((taken.status, &taken.body), (free.status, &free.body));
    assert_eq!(taken.status, 202);
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, &bob.email).await;
    visitor.page().shows("We sent an email to bob@example.org");
    let mail = app
        .mail_saying(&bob.email, "Your email address is in use already")
        .await;
    assert!(!mail.text().contains("token="), "{}", mail.text());
    assert_eq!(app.email_of(&ana).await, ana.email);
}

#[tokio::test]
async fn it_can_be_called_off_and_a_newer_one_takes_its_place() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, "one@example.org").await;
    let one = app.sink.mail_to("one@example.org").await.link();
    app.asks_for(&mut visitor, "two@example.org").await;
    let two = app.sink.mail_to("two@example.org").await.link();
    let gone = "This link does not work any more";
    assert_eq!(visitor.open(&one).await.h1(), gone);
    assert!(visitor.open(&two).await.has_button(CONFIRM));
    visitor.open("/settings").await;
    let page = visitor.press("Cancel the change of address").await;
    assert_eq!((page.status, page.path()), (200, "/settings"));
    assert!(!page.has("We sent an email"));
    let page = visitor.open(&two).await;
    assert_eq!((page.status, page.h1().as_str()), (422, gone));
}

#[tokio::test]
async fn the_link_works_for_a_day_and_not_for_a_session_that_was_ended() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let mut thief = app.signed_in(&ana).await;
    app.asks_for(&mut thief, NEW).await;
    let link = app.sink.mail_to(NEW).await.link();
    assert!(thief.open(&link).await.has_button(CONFIRM));
    visitor.open("/settings/password").await;
    let typed = [
        ("Current password", PASSWORD),
        ("New password", "another horse battery"),
    ];
    visitor.send("Change password", &typed).await;
    assert!(!thief.open(&link).await.has_button(CONFIRM));
    assert!(!visitor.open("/settings").await.has("We sent an email"));

    app.asks_for(&mut visitor, "other@example.org").await;
    let link = app.sink.mail_to("other@example.org").await.link();
    visitor.press("Log out").await;
    assert!(
        visitor.open(&link).await.has_button(CONFIRM),
        "a log-out ends no wish"
    );
    app.clock.advance(Duration::hours(25));
    assert!(!visitor.open(&link).await.has_button(CONFIRM));
}

#[tokio::test]
async fn a_thief_who_asked_and_logged_out_gets_nothing_once_the_password_is_new() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for change_password in [true, false] {
        let password = if change_password {
            PASSWORD
        } else {
            "another horse battery"
        };
        let mut thief = app.visitor();
        thief.open("/login").await;
        let typed = [("Email", ana.email.as_str()), ("Password", password)];
        thief.send("Log in", &typed).await;
        let new = if change_password {
            NEW
        } else {
            "newer@example.org"
        };
        app.asks_for(&mut thief, new).await;
        let link = app.sink.mail_to(new).await.link();
        thief.press("Log out").await;
        assert!(thief.open(&link).await.has_button(CONFIRM));
        if change_password {
            let mut owner = app.signed_in(&ana).await;
            owner.open("/settings/password").await;
            let typed = [
                ("Current password", PASSWORD),
                ("New password", "another horse battery"),
            ];
            owner.send("Change password", &typed).await;
        } else {
            let mut owner = app.visitor();
            owner.open("/forgot-password").await;
            owner.send("Send the link", &[("Email", &ana.email)]).await;
            let reset = app.mail_saying(&ana.email, "/reset-password?token=").await;
            owner.open(&reset.link()).await;
            let typed = [("Password", "a third horse battery")];
            owner.send("Set password", &typed).await;
        }
        assert!(!thief.open(&link).await.has_button(CONFIRM));
        assert_eq!(app.email_of(&ana).await, ana.email);
    }
}
