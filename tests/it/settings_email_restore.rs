//! "This was not me": the old address undoes a change of address.

use crate::support::{PASSWORD, Person, TestApp, eventually};
use serde_json::json;
use time::Duration;

const UNDO: &str = "This was not me";
const GONE: &str = "This link does not work any more";

/// Changes the address of an account, by who is logged in, and gives the link that the old one is
/// sent.
async fn stolen(app: &TestApp, person: &Person, from: &str, to: &str) -> String {
    let mut visitor = app.visitor();
    visitor.open("/login").await;
    let typed = [("Email", from), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await;
    app.asks_for(&mut visitor, to).await;
    visitor.open(&app.sink.mail_to(to).await.link()).await;
    visitor.press("Confirm email address").await;
    assert_eq!(app.email_of(person).await, to);
    let told = app
        .mail_saying(from, "/settings/email/restore?token=")
        .await;
    assert_eq!(told.subject(), "Your email address was changed");
    told.link()
}

#[tokio::test]
async fn both_addresses_are_told_and_only_the_old_one_can_undo_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    stolen(&app, &ana, &ana.email, "new@example.org").await;
    let told = app
        .mail_saying("new@example.org", "Your email address was changed")
        .await;
    assert!(!told.text().contains("token="));
}

#[tokio::test]
async fn it_puts_the_address_back_ends_every_session_and_the_password() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut thief = app.signed_in(&ana).await;
    let link = stolen(&app, &ana, &ana.email, "thief@example.org").await;
    app.clock.advance(Duration::hours(71));
    app.mails_are_out().await;
    let before = app.dump().await;
    let mut visitor = app.visitor();
    let page = visitor.open(&link).await;
    assert_eq!((page.status, page.url.query()), (200, None));
    page.shows("ana@example.org");
    assert_eq!(
        app.dump().await,
        before,
        "following the link changes nothing"
    );
    let page = visitor.press(UNDO).await;
    assert_eq!(
        (page.status, page.h1().as_str()),
        (200, "Your old email address is back")
    );
    assert_eq!(app.email_of(&ana).await, ana.email);
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
    assert_eq!(thief.open("/profile").await.path(), "/login");
    for email in [ana.email.as_str(), "thief@example.org"] {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = app.api().post("/auth/login", body).await;
        answer.error(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(
        app.count("audit_log where event = 'email_restored'").await,
        1
    );
    assert_eq!(visitor.open(&link).await.h1(), GONE, "once");
    let reset = app.mail_saying(&ana.email, "/reset-password?token=").await;
    assert_eq!(reset.subject(), "Set a new password");
}

#[tokio::test]
async fn the_link_works_for_72_hours() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let link = stolen(&app, &ana, &ana.email, "new@example.org").await;
    app.clock.advance(Duration::hours(72));
    let page = app.visitor().open(&link).await.clone();
    assert_eq!((page.status, page.h1().as_str()), (422, GONE));
}

#[tokio::test]
async fn who_undoes_a_change_disowns_those_that_followed_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let first = stolen(&app, &ana, &ana.email, "one@example.org").await;
    app.clock.advance(Duration::hours(1));
    let second = stolen(&app, &ana, "one@example.org", "two@example.org").await;
    let mut visitor = app.visitor();
    visitor.open(&first).await;
    visitor.press(UNDO).await;
    assert_eq!(app.email_of(&ana).await, ana.email);
    assert_eq!(visitor.open(&second).await.h1(), GONE);
}

#[tokio::test]
async fn nobody_keeps_the_address_by_registering_with_it() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let link = stolen(&app, &ana, &ana.email, "thief@example.org").await;
    let body = json!({"email": ana.email, "username": "squatter", "password": PASSWORD});
    app.api().post("/auth/register", body).await.expect(201);
    let mut visitor = app.visitor();
    visitor.open(&link).await;
    let page = visitor.press(UNDO).await;
    assert_eq!(page.h1(), "Your old email address is back");
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn a_squatter_who_is_followed_in_that_very_moment_loses_the_address_too() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let link = stolen(&app, &ana, &ana.email, "thief@example.org").await;
    let body = json!({"email": ana.email, "username": "squatter", "password": PASSWORD});
    app.api().post("/auth/register", body).await.expect(201);
    let mut visitor = app.visitor();
    visitor.open(&link).await;
    // A follow that is not committed yet.
    let db = app.db().await;
    let begin = format!(
        "begin;
         insert into users.follows (follower_id, followee_id)
             select '{bob}', id from users.users where username = 'squatter';
         insert into users.follow_counts (user_id, slot, followers, followees)
             select id, get_byte(uuid_send('{bob}'), 15) & 15, 1, 0
             from users.users where username = 'squatter'
             union all select '{bob}', 0, 0, 1",
        bob = bob.id
    );
    db.batch_execute(&begin).await.unwrap();
    let commit = async {
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        eventually("the follow is waited for", || async {
            (app.value::<i64>(waiting, &[]).await > 0).then_some(())
        })
        .await;
        db.batch_execute("commit").await.unwrap();
    };
    let (page, ()) = tokio::join!(visitor.press(UNDO), commit);
    assert_eq!(page.h1(), "Your old email address is back");
    assert_eq!(app.count("users").await, 2);
    assert_eq!(app.counts(&bob).await, (0, 0));
}

#[tokio::test]
async fn an_address_that_was_never_proven_gets_no_such_link() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    let ana = app.unverified("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, "new@example.org").await;
    visitor
        .open(&app.sink.mail_to("new@example.org").await.link())
        .await;
    visitor.press("Confirm email address").await;
    assert_eq!(app.email_of(&ana).await, "new@example.org");
    assert_eq!(app.count("email_restorations").await, 0);
    let told = "outbox where kind = 'email_changed' and recipient is not null";
    assert_eq!(app.count(told).await, 0);
}
