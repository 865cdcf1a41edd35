//! How many characters a field has left: shown all the time, spoken in a pause and only when few.

use crate::support::{Browser, TestApp, eventually};
use fantoccini::Locator;

#[tokio::test]
async fn characters_left_are_shown_at_once_and_spoken_when_few() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    let page = visitor.open("/profile/edit").await;
    page.shows("Up to 100 characters.")
        .shows("Up to 300 characters.");
    assert!(!page.has("characters left"), "that needs script");

    let browser = Browser::open(&app).await;
    browser.go("/login?next=/profile/edit").await;
    browser.fill("Email", &ana.email).await;
    browser.fill("Password", crate::support::PASSWORD).await;
    browser.click("Log in").await;
    browser.arrives_at("/profile/edit").await;
    browser.fill("Bio", &"x".repeat(270)).await;
    browser.shows("You have 30 characters left").await;
    browser.fill("Bio", &"\u{e4}".repeat(299)).await;
    browser.shows("You have 1 character left").await;
    let status = browser.client.find(Locator::Css("[role=status]")).await;
    let status = status.unwrap();
    let said = || async { status.text().await.unwrap_or_default() };
    eventually("it is spoken", || async {
        (said().await == "You have 1 character left").then_some(())
    })
    .await;
    browser.fill("Bio", &"x".repeat(302)).await;
    browser.shows("You have 2 characters too many").await;
    browser.fill("Bio", "short").await;
    browser.shows("You have 295 characters left").await;
    assert!(!said().await.contains("295"), "of no interest");
    browser.console_is_clean().await;
}
