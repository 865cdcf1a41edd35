//! An address that is verified in another browser than the one that made the account: whoever chose the
//! password may be somebody else.

use crate::support::{PASSWORD, TestApp, Visitor};

const QUESTION: &str = "Was it you who made this account and chose its password?";

/// A stranger who registered with somebody's address.
async fn stranger(app: &TestApp) -> Visitor {
    let mut stranger = app.visitor();
    stranger.open("/register").await;
    let typed = [
        ("Email", "ana@example.org"),
        ("Username", "ana"),
        ("Password", PASSWORD),
    ];
    stranger.send("Create account", &typed).await;
    stranger
}

async fn verify(visitor: &mut Visitor, link: &str) {
    visitor.open(link).await;
    visitor.press("Verify email address").await;
    visitor
        .page()
        .shows("Your email address is verified")
        .shows("ana");
}

#[tokio::test]
async fn another_browser_is_asked_whose_password_it_is_and_led_to_a_new_one() {
    let app = TestApp::start().await;
    stranger(&app).await;
    let link = app.sink.mail_to("ana@example.org").await.link();
    let mut owner = app.visitor();
    verify(&mut owner, &link).await;
    owner.page().shows(QUESTION);
    let page = owner.click("set a new one").await;
    assert_eq!(page.path(), "/forgot-password");
}

#[tokio::test]
async fn the_browser_that_registered_is_not_asked() {
    let app = TestApp::start().await;
    let mut owner = stranger(&app).await;
    let link = app.sink.mail_to("ana@example.org").await.link();
    verify(&mut owner, &link).await;
    assert!(!owner.page().has(QUESTION));
}

#[tokio::test]
async fn sessions_and_wishes_from_before_end_when_another_browser_verifies() {
    for is_same_browser in [false, true] {
        let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
        let mut stranger = stranger(&app).await;
        let link = app.sink.mail_to("ana@example.org").await.link();
        stranger.open("/login").await;
        let typed = [("Email", "ana@example.org"), ("Password", PASSWORD)];
        stranger.send("Log in", &typed).await;
        stranger.open("/settings/email").await;
        let wish = [("New email", "stranger@example.org")];
        stranger.send("Change email", &wish).await;
        assert_eq!(app.count("email_changes").await, 1);
        if is_same_browser {
            verify(&mut stranger, &link).await;
        } else {
            verify(&mut app.visitor(), &link).await;
        }
        let is_in = stranger.open("/timeline").await.path() == "/timeline";
        assert_eq!(is_in, is_same_browser);
        assert_eq!(app.count("email_changes").await, i64::from(is_same_browser));
    }
}
