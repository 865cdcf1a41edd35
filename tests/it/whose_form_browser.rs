//! Two tabs of a real browser, and another account signed in between.

use crate::support::{Browser, PASSWORD, Person, TestApp, eventually};

async fn log_in(browser: &Browser, person: &Person) {
    browser.go("/login").await;
    browser.fill("Email", &person.email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Log in").await;
    browser.arrives_at("/timeline").await;
}

#[tokio::test]
async fn a_press_in_a_tab_of_another_account_makes_the_whole_tab_the_viewers() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    let browser = Browser::open(&app).await;
    log_in(&browser, &ana).await;
    browser.go(&eve.page()).await;
    let stale = browser.client.window().await.unwrap();
    let other = browser.client.new_window(true).await.unwrap();
    browser.client.switch_to_window(other.handle).await.unwrap();
    browser.go("/timeline").await;
    browser.click("Log out").await;
    browser.arrives_at("/").await;
    log_in(&browser, &bob).await;
    browser.client.switch_to_window(stale).await.unwrap();
    browser.mark().await;
    browser.click("Follow").await;
    browser
        .shows("You are now signed in as bob. Nothing was changed.")
        .await;
    browser.shows("@bob").await;
    assert!(browser.is_marked().await, "no reload");
    assert_eq!(app.count("follows").await, 0);
    browser.click("Follow").await;
    browser.shows("1 follower").await;
    eventually("bob follows", || async {
        (app.count("follows").await == 1).then_some(())
    })
    .await;
}
