//! The present address is told when another one is asked for, before anything changes.

use crate::{
    devices::FIREFOX,
    support::{PASSWORD, TestApp},
};
use serde_json::json;

const NEW: &str = "new@secret.example.org";
const SUBJECT: &str = "Another email address was asked for";
const NOTICES: &str = "outbox where kind = 'email_change_requested'";

#[tokio::test]
async fn the_present_address_is_told_at_once_when_and_from_where_and_not_which_it_is_to_be() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in_with(&ana, FIREFOX).await;
    app.asks_for(&mut visitor, NEW).await;
    let told = app.mail_saying(&ana.email, SUBJECT).await;
    let day = app.clock.now().date();
    let day = format!("{} {} {}", day.day(), day.month(), day.year());
    for part in [told.text(), told.html()] {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in [
            "Hello ana",
            &day,
            "Firefox on Windows",
            "127.0.0.0/24",
            "It changes once the link is opened",
            "ends every session of your account and calls the change off",
            "/forgot-password",
        ] {
            assert!(part.contains(words), "{words}: {part}");
        }
        for secret in ["new@", "secret", "token="] {
            assert!(!part.contains(secret), "{secret}: {part}");
        }
    }
    assert_eq!(app.email_of(&ana).await, ana.email);
}

#[tokio::test]
async fn it_is_told_once_for_each_wish_and_never_for_one_that_was_refused() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.in_session(&ana).await;
    let ask = async |email: &str| api.put("/users/me/email", json!({ "email": email })).await;
    for refused in ["x", ana.email.as_str()] {
        ask(refused).await.expect(422);
    }
    assert_eq!(app.count(NOTICES).await, 0);
    for told in 1..=2 {
        ask(NEW).await.expect(202);
        assert_eq!(app.count(NOTICES).await, told);
    }
    app.mails_are_out().await;
    let mails = app.sink.mails_to(&ana.email);
    let notices = mails.iter().filter(|mail| mail.subject() == SUBJECT);
    assert_eq!(notices.count(), 2);
    let mails = app.sink.mails_to(NEW);
    assert!(mails.iter().all(|mail| mail.subject() != SUBJECT));
}

#[tokio::test]
async fn it_goes_to_the_address_of_that_moment_whatever_becomes_of_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, NEW).await;
    let recipient: Option<String> = app
        .value(&format!("select recipient from users.{NOTICES}"), &[])
        .await;
    assert_eq!(recipient.as_deref(), Some(ana.email.as_str()));
}

#[tokio::test]
async fn what_it_advises_calls_the_change_off() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut thief = app.signed_in(&ana).await;
    app.asks_for(&mut thief, NEW).await;
    let link = app.sink.mail_to(NEW).await.link();
    let told = app.mail_saying(&ana.email, SUBJECT).await;
    let mut owner = app.visitor();
    owner.open(&told.link()).await;
    owner.send("Send the link", &[("Email", &ana.email)]).await;
    let reset = app.mail_saying(&ana.email, "/reset-password?token=").await;
    owner.open(&reset.link()).await;
    let typed = [("Password", "another horse battery")];
    owner.send("Set password", &typed).await;
    let page = thief.open(&link).await;
    assert_eq!(page.h1(), "This link does not work any more");
    assert_eq!(app.email_of(&ana).await, ana.email);
    let old = json!({ "email": ana.email, "password": PASSWORD });
    app.api().post("/auth/login", old).await.expect(401);
}

#[tokio::test]
async fn an_address_that_was_never_proven_is_told_nothing() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    let ana = app.unverified("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, NEW).await;
    app.sink.mail_to(NEW).await;
    assert_eq!(app.count(NOTICES).await, 0);
}
