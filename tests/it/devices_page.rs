//! The page of devices, without script.

use crate::{
    devices::{FIREFOX, SAFARI},
    support::{PASSWORD, Person, TestApp, Visitor},
};
use time::Duration;

const DEVICES: &str = "/settings/devices";

impl TestApp {
    /// A visitor with this browser, logged in.
    pub async fn signed_in_with(&self, person: &Person, user_agent: &'static str) -> Visitor {
        let mut visitor = self.visitor();
        visitor.user_agent = Some(user_agent);
        visitor.open("/login").await;
        let typed = [("Email", person.email.as_str()), ("Password", PASSWORD)];
        visitor.send("Log in", &typed).await;
        visitor
    }
}

#[tokio::test]
async fn the_page_tells_devices_apart_and_marks_this_one() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.signed_in_with(&ana, SAFARI).await;
    app.clock.advance(Duration::hours(3));
    let mut desk = app.signed_in_with(&ana, FIREFOX).await;
    desk.open("/settings").await;
    let page = desk.click("Devices").await;
    assert_eq!((page.path(), page.h1().as_str()), (DEVICES, "Devices"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let rows = page.all("main li");
    assert_eq!(rows.len(), 2);
    for words in [
        "Firefox on Windows",
        "This device",
        "127.0.0.0/24",
        "just now",
    ] {
        assert!(rows[0].name.contains(words), "{words}: {}", rows[0].name);
    }
    for words in ["Safari on iPhone", "3 hours ago", "First seen", "UTC"] {
        assert!(rows[1].name.contains(words), "{words}: {}", rows[1].name);
    }
    assert!(!rows[1].name.contains("This device"));
    assert!(page.has_button("End this session: Safari on iPhone"));
    assert!(!page.has_button("End this session: Firefox on Windows"));
}

#[tokio::test]
async fn ending_a_session_takes_effect_at_the_next_page_view() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut phone = app.signed_in_with(&ana, SAFARI).await;
    let mut desk = app.signed_in_with(&ana, FIREFOX).await;
    desk.open(DEVICES).await;
    let stale = desk.form("End this session: Safari on iPhone");
    let page = desk.press("End this session: Safari on iPhone").await;
    page.shows("The session has ended.");
    assert!(!page.has("Safari on iPhone"));
    assert!(!page.has_button("End all other sessions"));
    assert_eq!(phone.open("/timeline").await.path(), "/login");
    let again = desk.submit(&stale).await;
    again.shows("The session has ended.");
    assert_eq!(desk.open("/timeline").await.path(), "/timeline");
}

#[tokio::test]
async fn all_others_are_ended_with_one_button() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut others = [
        app.signed_in_with(&ana, SAFARI).await,
        app.signed_in_with(&ana, FIREFOX).await,
    ];
    let mut desk = app.signed_in_with(&ana, FIREFOX).await;
    desk.open(DEVICES).await;
    let page = desk.press("End all other sessions").await;
    page.shows("All other sessions have ended.");
    assert_eq!(page.all("main li").len(), 1);
    for other in &mut others {
        assert_eq!(other.open("/timeline").await.path(), "/login");
    }
    assert_eq!(desk.open("/timeline").await.path(), "/timeline");
}

#[tokio::test]
async fn ending_the_session_one_is_in_logs_out() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.signed_in_with(&ana, SAFARI).await;
    let mut desk = app.signed_in_with(&ana, FIREFOX).await;
    desk.open(DEVICES).await;
    let mut form = desk.form("End this session: Safari on iPhone");
    let own = "select id::text from users.sessions where user_agent = $1";
    let own: String = app.value(own, &[&FIREFOX]).await;
    let field = form.fields.iter_mut().find(|field| field.name == "session");
    field.unwrap().value = own;
    let page = desk.submit(&form).await;
    assert_eq!(page.path(), "/");
    assert!(desk.cookie("refresh_token").is_none());
    assert_eq!(desk.open("/timeline").await.path(), "/login");
}

#[tokio::test]
async fn forms_that_are_not_ours_or_name_nothing_end_nothing() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.signed_in_with(&ana, SAFARI).await;
    let mut desk = app.signed_in_with(&ana, FIREFOX).await;
    desk.open(DEVICES).await;
    for button in [
        "End this session: Safari on iPhone",
        "End all other sessions",
    ] {
        let mut form = desk.form(button);
        let proof = form.fields.iter_mut().find(|field| field.name == "csrf");
        proof.unwrap().value = "x".to_owned();
        let page = desk.submit(&form).await.clone();
        assert_eq!(page.status, 403);
        assert!(page.has("This form was open for too long"));
        assert!(page.has("Safari on iPhone"), "the list is still there");
    }
    let mut form = desk.form("End this session: Safari on iPhone");
    let field = form.fields.iter_mut().find(|field| field.name == "session");
    field.unwrap().value = "x".to_owned();
    assert_eq!(desk.submit(&form).await.status, 404);
    assert_eq!(app.count("sessions where ended_at is null").await, 2);
    let mut stranger = app.visitor();
    let page = stranger.open(DEVICES).await;
    assert_eq!(page.url.query(), Some("next=%2Fsettings%2Fdevices"));
}
