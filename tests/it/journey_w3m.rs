//! The whole journey of a new member in w3m, which shows nothing but text.

use crate::{
    journey::{EMAIL, picture},
    support::{PASSWORD, TestApp, W3m},
};

#[tokio::test]
async fn the_journey_in_w3m() {
    let app = TestApp::start().await;
    let bob = app.person("bob").await;
    let mut w3m = W3m::of(&app);
    w3m.open("/register");
    w3m.fill("Email", EMAIL);
    w3m.fill("Username", "ana");
    w3m.fill("Password", PASSWORD);
    w3m.press("^Create account");
    w3m.read();
    let says = w3m.run().await;
    assert!(says[0].contains(EMAIL), "{}", says[0]);

    w3m.open(&app.sink.mail_to(EMAIL).await.link());
    w3m.press_after("with this email address");
    w3m.read();
    w3m.press("^Log in");
    w3m.fill("Email", EMAIL);
    w3m.fill("Password", PASSWORD);
    w3m.press("^Log in");
    w3m.read();

    w3m.open("/profile/edit");
    w3m.fill("Display name", "Ana B.");
    w3m.fill_lines("Bio", "Likes maps.");
    w3m.press("^Save");
    w3m.fill("Choose a picture", picture(&app).to_str().unwrap());
    w3m.press("^Upload picture");
    w3m.read();

    w3m.open(&bob.page());
    w3m.press("^Follow");
    w3m.read();
    w3m.press("1 follower");
    w3m.read();
    w3m.open("/@ana/following");
    w3m.press("Unfollow bob");
    w3m.read();
    w3m.press("Log out");
    w3m.open("/profile");
    w3m.read();
    let says = w3m.run().await;
    for (page, words) in [
        (0, "Your email address is verified"),
        (1, "Hello ana"),
        (2, "Ana B."),
        (2, "Likes maps."),
        (2, "Remove picture"),
        (3, "Unfollow"),
        (4, "Ana B."),
        (5, "You follow nobody yet"),
        (6, "You are new here?"),
    ] {
        assert!(says[page].contains(words), "{words:?}: {}", says[page]);
    }
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
}
