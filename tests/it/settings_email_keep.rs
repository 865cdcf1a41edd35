//! "Keep this address": a day after a change of address the new one may end the way back; and who is
//! replaced by the old one hears of it.

use crate::support::{Mail, Person, TestApp, Visitor, eventually};
use time::Duration;

const NEW: &str = "new@example.org";
const KEEP: &str = "Keep this address";
const GONE: &str = "This link does not work any more";
const ASKED: &str = "outbox where kind = 'keep_email'";

/// Moves an account to the new address, and gives the way back that the old one is sent.
async fn moved(app: &TestApp, person: &Person) -> String {
    let mut visitor = app.signed_in(person).await;
    app.asks_for(&mut visitor, NEW).await;
    visitor.open(&app.sink.mail_to(NEW).await.link()).await;
    visitor.press("Confirm email address").await;
    let way_back = "/settings/email/restore?token=";
    app.mail_saying(&person.email, way_back).await.link()
}

/// The mail that comes a day later.
async fn asked(app: &TestApp) -> Mail {
    app.clock.advance(Duration::hours(24));
    app.mail_saying(NEW, "/settings/email/keep?token=").await
}

async fn undo(visitor: &mut Visitor, way_back: &str) -> String {
    visitor.open(way_back).await;
    visitor.press("This was not me").await.h1()
}

#[tokio::test]
async fn a_day_later_the_new_address_is_asked_and_not_before() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    moved(&app, &ana).await;
    let app = app.restart().await;
    app.clock.advance(Duration::hours(23));
    app.mails_are_out().await;
    let row = format!("{ASKED} and attempts = 0 and recipient = '{NEW}'");
    assert_eq!(app.count(&row).await, 1, "it waits in the database");
    let metrics = app.api().get("/metrics").await.text();
    assert!(metrics.contains("\nmail_queue_length 0\n"), "{metrics}");
    app.clock.advance(Duration::hours(1));
    let mail = app.mail_saying(NEW, "/settings/email/keep?token=").await;
    assert_eq!(mail.subject(), "Keep your new email address");
    assert!(mail.html().contains(&mail.link()));
}

#[tokio::test]
async fn its_button_ends_the_way_back_and_following_the_link_does_not() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let way_back = moved(&app, &ana).await;
    let link = asked(&app).await.link();
    app.mails_are_out().await;
    let before = app.dump().await;
    let mut owner = app.visitor();
    let page = owner.open(&link).await;
    assert_eq!((page.status, page.url.query()), (200, None));
    page.shows(NEW).shows("ana");
    assert_eq!(app.dump().await, before);
    let page = owner.press(KEEP).await;
    assert_eq!(page.h1(), "Your new email address is kept");
    assert_eq!(app.visitor().open(&way_back).await.h1(), GONE);
    assert_eq!(app.email_of(&ana).await, NEW);
    assert_eq!(owner.open(&link).await.h1(), GONE, "once");
    assert_eq!(app.count("audit_log where event = 'email_kept'").await, 1);
}

#[tokio::test]
async fn until_then_the_old_address_can_undo_the_change_and_the_new_one_is_told() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let way_back = moved(&app, &ana).await;
    let mut reader = app.visitor();
    let done = undo(&mut reader, &way_back).await;
    assert_eq!(done, "Your old email address is back");
    let told = app
        .mail_saying(NEW, "Your old email address was put back")
        .await;
    for words in ["Hello ana", "Secure that mailbox first"] {
        assert!(told.text().contains(words), "{}", told.text());
    }
    assert!(!told.text().contains("token="));
    // There is nothing to keep any more.
    app.clock.advance(Duration::hours(24));
    app.mails_are_out().await;
    eventually("the question is dropped", || async {
        (app.count(&format!("{ASKED} and sent_at is not null")).await == 1).then_some(())
    })
    .await;
    let mails = app.sink.mails_to(NEW);
    assert!(
        mails
            .iter()
            .all(|mail| !mail.text().contains("/keep?token="))
    );
}

#[tokio::test]
async fn the_question_goes_to_no_address_that_the_account_has_left_since() {
    let app = TestApp::start().await;
    let mut ana = app.person("ana").await;
    moved(&app, &ana).await;
    NEW.clone_into(&mut ana.email);
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, "newer@example.org").await;
    let confirm = app.sink.mail_to("newer@example.org").await.link();
    visitor.open(&confirm).await;
    visitor.press("Confirm email address").await;
    app.clock.advance(Duration::hours(25));
    app.mail_saying("newer@example.org", "/settings/email/keep?token=")
        .await;
    eventually("both are settled", || async {
        (app.count(&format!("{ASKED} and sent_at is not null")).await == 2).then_some(())
    })
    .await;
    let mails = app.sink.mails_to(NEW);
    assert!(
        mails
            .iter()
            .all(|mail| !mail.text().contains("/keep?token="))
    );
}
