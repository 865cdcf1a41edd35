//! The notice of a log-in from a kind of device that was not used before.

use crate::{
    devices::{FIREFOX, SAFARI},
    support::{PASSWORD, TestApp},
};
use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

const NOTICES: &str = "outbox where kind = 'new_device'";

#[tokio::test]
async fn a_log_in_from_a_new_kind_of_device_is_told_by_mail_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.log_in_with(&ana, FIREFOX).await;
    assert_eq!(
        app.count(NOTICES).await,
        0,
        "the very first log-in is no news"
    );
    app.log_in_with(&ana, FIREFOX).await;
    assert_eq!(app.count(NOTICES).await, 0, "a known device");
    app.log_in_with(&ana, SAFARI).await;
    app.log_in_with(&ana, SAFARI).await;
    assert_eq!(app.count(NOTICES).await, 1);
    let mail = app.sink.nth_mail_to(&ana.email, 2).await;
    assert_eq!(mail.subject(), "New log-in to your account");
    for words in ["Safari on iPhone", "127.0.0.0/24"] {
        assert!(mail.text().contains(words), "{words}: {}", mail.text());
    }
}

#[tokio::test]
async fn a_new_version_of_a_browser_is_no_new_device() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.log_in_with(&ana, FIREFOX).await;
    let newer = FIREFOX.replace("143.0", "144.0");
    app.log_in_with(&ana, &newer).await;
    assert_eq!(app.count(NOTICES).await, 0);
}

#[tokio::test]
async fn a_device_not_used_for_180_days_is_new_again() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.log_in_with(&ana, FIREFOX).await;
    app.clock.advance(Duration::days(181));
    app.log_in_with(&ana, FIREFOX).await;
    assert_eq!(app.count(NOTICES).await, 1);
}

#[tokio::test]
async fn a_log_in_from_a_browser_and_a_network_that_are_both_unknown_is_told_too() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let ana = app.person("ana").await;
    let from = async |address: &str| {
        let typed = json!({ "email": ana.email, "password": PASSWORD });
        let call = app.api().request("POST", "/auth/login").json(&typed);
        let call = call.header("User-Agent", FIREFOX);
        let answer = call.header("X-Forwarded-For", address).send().await;
        answer.expect(200);
        app.count(NOTICES).await
    };
    assert_eq!(from("198.51.100.7").await, 0, "the very first one");
    assert_eq!(from("198.51.100.7").await, 0, "the same network");
    assert_eq!(from("203.0.113.9").await, 1, "another continent");
    assert_eq!(from("192.0.2.3").await, 1, "one mail a day for each device");
    app.clock.advance(Duration::days(1));
    assert_eq!(from("192.0.2.3").await, 1, "known by now");
    assert_eq!(from("192.0.2.4").await, 2);
}

#[tokio::test]
async fn a_known_browser_on_the_road_is_no_news() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in_with(&ana, FIREFOX).await;
    visitor.press("Log out").await;
    // All networks are forgotten, so this one is as new as any.
    app.execute("delete from users.known_devices where expires_at < now() + interval '40 days'")
        .await;
    visitor.open("/login").await;
    let typed = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await;
    assert_eq!(app.count("sessions").await, 2);
    assert_eq!(app.count(NOTICES).await, 0);
}

#[tokio::test]
async fn what_others_use_and_wrong_passwords_do_not_count() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.log_in_with(&bob, SAFARI).await;
    app.log_in_with(&ana, FIREFOX).await;
    app.try_log_in(&ana, "not this one", SAFARI)
        .await
        .expect(401);
    assert_eq!(app.count(NOTICES).await, 0);
    app.log_in_with(&ana, SAFARI).await;
    assert_eq!(app.count(NOTICES).await, 1);
}

#[tokio::test]
async fn several_log_ins_at_once_are_one_notice() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    app.log_in_with(&ana, FIREFOX).await;
    let apps = [&app, &replica];
    join_all((0..8).map(|n| apps[n % 2].log_in_with(&ana, SAFARI))).await;
    assert_eq!(app.count(NOTICES).await, 1);
    assert_eq!(app.count("sessions").await, 9);
}
