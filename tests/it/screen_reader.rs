//! The main pages as a screen reader is told of them. What is checked in was read through by a
//! person; after a change that is meant it is written anew and read again.

use crate::support::{Browser, PASSWORD, TestApp, change, png};
use serde_json::json;
use users_service::services::follows;

/// Compares what is heard with what is checked in, and with which words.
async fn is_heard(browser: &Browser, page: &str, words: &str) -> Option<String> {
    browser.shows(words).await;
    let file = format!("tests/it/screen_reader/{page}.txt");
    change(&file, &browser.heard().await)
}

#[tokio::test]
async fn the_main_pages_are_heard_as_they_were_reviewed() {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    let new = app.unverified("new").await;
    let api = app.api();
    let body = json!({ "display_name": "Bob B.", "bio": "Likes maps." });
    api.of(&bob).patch("/users/me", body).await.expect(200);
    api.of(&bob).upload(&png(96, 96)).await.expect(200);
    for (follower, followee) in [(&bob, &ana), (&eve, &bob), (&eve, &ana), (&bob, &eve)] {
        follows::follow(&app.app, follower.id, followee.id)
            .await
            .unwrap();
    }
    let browser = Browser::open(&app).await;
    let mut changed = Vec::new();
    let mut hear = async |page: &str, words: &str| {
        changed.extend(is_heard(&browser, page, words).await);
    };
    browser.go("/").await;
    hear("home", "How it works").await;
    browser.go("/register").await;
    hear("register", "Create an account").await;
    browser.fill("Email", "x").await;
    browser.click("Create account").await;
    hear("register_errors", "There is a problem").await;
    browser
        .go(&format!("/verify?token={}", app.link_token(&new).await))
        .await;
    hear("verify", "This was not me").await;
    browser.go("/login").await;
    hear("login", "You are new here?").await;
    browser.fill("Email", &ana.email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Log in").await;
    browser.arrives_at("/timeline").await;
    hear("timeline", "People to follow").await;
    browser.go("/profile").await;
    hear("profile", "Your profile").await;
    browser.go("/profile/edit").await;
    hear("profile_edit", "Edit profile").await;
    browser.go("/settings").await;
    hear("settings", "Where you are logged in").await;
    browser.go("/settings/password").await;
    hear("settings_password", "Current password").await;
    browser.go(&bob.page()).await;
    hear("person", "Follows you").await;
    browser.go("/@ana/followers").await;
    hear("followers", "Followers of ana").await;
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}
