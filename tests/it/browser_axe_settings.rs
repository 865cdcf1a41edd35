//! The pages of settings in every state, examined as in `browser_axe`.

use crate::support::{PASSWORD, TestApp, Tour};
use time::Duration;

const LONG_EMAIL: &str = "wolfeschlegelsteinhausenbergerdorff.welchevoralternwaren@\
    gewissenhaftschaferswessenschafewarenwohlgepflege.example.org";

#[tokio::test]
async fn pages_of_settings_are_accessible_in_every_state_and_look() {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let ana = app.person("ana").await;
    let mut tour = Tour::start(&app).await;
    tour.browser.go("/login").await;
    let fields = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    tour.fill(&fields, "Log in").await;
    tour.browser.arrives_at("/timeline").await;
    tour.visit(&[
        ("/settings", "The name in the address of your profile"),
        ("/settings/password", "You stay logged in here"),
    ])
    .await;
    tour.browser.click("Change password").await;
    tour.see("password, errors", "There is a problem").await;
    let fields = [
        ("Current password", PASSWORD),
        ("New password", "another horse battery"),
    ];
    tour.fill(&fields, "Change password").await;
    tour.see("password, changed", "Your password is changed")
        .await;
    tour.browser.go("/settings/password").await;
    tour.browser.fill("New password", "password123").await;
    tour.see("password, advice", "This is a common password")
        .await;
    tour.visit(&[("/settings/email", "It stays so until you open the link")])
        .await;
    tour.fill(&[("New email", "x")], "Change email").await;
    tour.see("email, error", "Enter a valid email address")
        .await;
    tour.fill(&[("New email", LONG_EMAIL)], "Change email")
        .await;
    tour.see("email, waiting", "We sent an email to").await;
    tour.visit(&[("/settings", "We sent an email to")]).await;
    let link = app.sink.mail_to(LONG_EMAIL).await.link();
    tour.browser
        .go(link.strip_prefix(app.public_url()).unwrap())
        .await;
    tour.see("email, to be confirmed", "Confirm your new email address")
        .await;
    app.takes("bob", LONG_EMAIL).await;
    tour.browser.click("Confirm email address").await;
    tour.see("email, taken", "This address has another account")
        .await;
    let free = "update users.users set email = 'bob@example.org' where username = 'bob'";
    app.db().await.execute(free, &[]).await.unwrap();
    tour.browser.go("/settings/email/confirm").await;
    tour.browser.click("Confirm email address").await;
    tour.see("email, changed", "Your email address is changed")
        .await;

    tour.visit(&[("/settings/username", "Links to the old one lead to you")])
        .await;
    tour.fill(&[("Username", "a b")], "Change username").await;
    tour.see("username, error", "Username can only have").await;
    tour.fill(&[("Username", "anna")], "Change username").await;
    tour.browser.arrives_at("/profile").await;
    tour.visit(&[("/settings/username", "You can change it again on")])
        .await;
    app.clock.advance(Duration::minutes(11));
    tour.fill(&[("Username", "ANNA")], "Change username").await;
    tour.see("confirm", "Enter your password").await;
    tour.browser.click("Continue").await;
    tour.see("confirm, error", "There is a problem").await;
    tour.fill(&[("Password", "another horse battery")], "Continue")
        .await;
    tour.see("username, typed before", "Here is what you typed")
        .await;

    let told = app
        .mail_saying(&ana.email, "/settings/email/restore?token=")
        .await
        .link();
    tour.browser
        .go(told.strip_prefix(app.public_url()).unwrap())
        .await;
    tour.see("email, to be put back", "Put your old email address back")
        .await;
    tour.browser.click("This was not me").await;
    tour.see("email, put back", "Your old email address is back")
        .await;
    tour.visit(&[(
        "/settings/email/confirm",
        "This link does not work any more",
    )])
    .await;
    tour.end();
}
