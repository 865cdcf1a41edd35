//! The whole journey of a new member, from registering to logging out: with script, without, by
//! keyboard alone. Those in text browsers are `journey_lynx` and `journey_w3m`.

use crate::support::{Browser, PASSWORD, TestApp, png};
use fantoccini::Locator;
use std::path::PathBuf;

pub const EMAIL: &str = "ana@example.org";

/// How somebody gets through the pages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A mouse, and htmx in the page.
    Htmx,
    /// A mouse, and no script at all.
    NoScript,
    /// Tab, Enter and the space bar.
    Keyboard,
}

/// Somebody on the journey.
struct Traveller {
    browser: Browser,
    way: Way,
}

impl Traveller {
    async fn fill(&self, label: &str, text: &str) {
        match self.way {
            Way::Keyboard => self.browser.key_in(label, text).await,
            Way::Htmx | Way::NoScript => self.browser.fill(label, text).await,
        }
    }

    /// Follows a link or presses a button, and waits for these words.
    async fn press(&self, name: &str, then: &str) {
        match self.way {
            Way::Keyboard => self.browser.key_press(name).await,
            Way::Htmx | Way::NoScript => self.browser.click(name).await,
        }
        self.browser.shows(then).await;
    }

    /// The same, where htmx changes a part of the page and nothing else is loaded.
    async fn press_in_place(&self, name: &str, then: &str) {
        self.browser.mark().await;
        self.press(name, then).await;
        let is_same = self.browser.is_marked().await;
        assert_eq!(is_same, self.way != Way::NoScript, "{name}: in place");
    }

    /// Chooses a file. The dialogue for that is the system's, not the page's.
    async fn choose(&self, file: &str) {
        let field = self.browser.client.find(Locator::Css("input[type=file]"));
        field.await.unwrap().send_keys(file).await.unwrap();
    }
}

/// A picture in the service's folder, to be uploaded.
pub fn picture(app: &TestApp) -> PathBuf {
    let path = app.data_dir.path().join("me.png");
    std::fs::write(&path, png(40, 40)).unwrap();
    path
}

async fn travel(way: Way) {
    let app = TestApp::start().await;
    let bob = app.person("bob").await;
    let browser = match way {
        Way::NoScript => Browser::without_script(&app).await,
        Way::Htmx | Way::Keyboard => Browser::open(&app).await,
    };
    let ana = Traveller { browser, way };
    let browser = &ana.browser;
    browser.go("/").await;
    ana.press("Create an account", "Everybody sees it").await;
    let has_script = browser.has_button("Show password").await;
    assert_eq!(has_script, way != Way::NoScript);
    ana.fill("Email", EMAIL).await;
    ana.fill("Username", "ana").await;
    ana.fill("Password", PASSWORD).await;
    ana.press("Create account", "Check your email").await;

    let link = app.sink.mail_to(EMAIL).await.link();
    browser.client.goto(&link).await.unwrap();
    let done = "Your email address is verified";
    ana.press("Verify email address", done).await;
    ana.press("Log in", "You are new here?").await;
    ana.fill("Email", EMAIL).await;
    ana.fill("Password", PASSWORD).await;
    ana.press("Log in", "Log out").await;
    browser.arrives_at("/timeline").await;

    ana.press("Profile @ana", "You have not written").await;
    ana.press_in_place("Edit profile", "A few words about you.")
        .await;
    ana.fill("Display name", "Ana B.").await;
    ana.fill("Bio", "Likes maps.").await;
    ana.press_in_place("Save", "See it as others do").await;
    browser.shows("Likes maps.").await;
    ana.choose(picture(&app).to_str().unwrap()).await;
    ana.press_in_place("Upload picture", "Remove picture").await;

    browser.go(&bob.page()).await;
    ana.press_in_place("Follow", "1 follower").await;
    ana.press("1 follower", "Followers of bob").await;
    browser.shows("Ana B.").await;
    browser.go("/@ana/following").await;
    ana.press_in_place("Unfollow bob", "0 following").await;
    assert_eq!(app.count("follows").await, 0);

    ana.press("Log out", "Log in").await;
    browser.go("/profile").await;
    browser.arrives_at("/login").await;
    browser.console_is_clean().await;
}

#[tokio::test]
async fn the_journey_with_script() {
    travel(Way::Htmx).await;
}

#[tokio::test]
async fn the_journey_without_script() {
    travel(Way::NoScript).await;
}

#[tokio::test]
async fn the_journey_by_keyboard_alone() {
    travel(Way::Keyboard).await;
}
