//! The whole journey of a new member in Lynx, a browser that shows nothing but text.

use crate::{
    journey::{EMAIL, picture},
    support::{Lynx, PASSWORD, TestApp, eventually},
};

#[tokio::test]
async fn the_journey_in_lynx() {
    let app = TestApp::start().await;
    let bob = app.person("bob").await;
    let lynx = Lynx::of(&app);
    let says = async |address: &str, words: &str| {
        let text = lynx.read(address).await;
        assert!(text.contains(words), "{words:?} is not in {text}");
    };
    let account = [
        ("Email", EMAIL),
        ("Username", "ana"),
        ("Password", PASSWORD),
    ];
    lynx.press("/register", &account, "Create account").await;
    says("/register/done", EMAIL).await;

    let link = app.sink.mail_to(EMAIL).await.link();
    lynx.press(&link, &[], "Verify email address").await;
    let known = [account[0], account[2]];
    lynx.press("/login", &known, "Log in").await;
    says("/timeline", "Log out").await;

    let about = [("Display name", "Ana B."), ("Bio", "Likes maps.")];
    lynx.press("/profile/edit", &about, "Save").await;
    says("/profile", "Likes maps.").await;
    let picture = picture(&app);
    let chosen = [("Choose a picture", picture.to_str().unwrap())];
    lynx.press("/profile", &chosen, "Upload picture").await;
    says("/profile", "Remove picture").await;

    lynx.press(&bob.page(), &[], "Follow").await;
    says(&bob.page(), "1 follower").await;
    says("/@bob/followers", "Ana B.").await;
    lynx.press("/@ana/following", &[], "Unfollow bob").await;
    says("/@ana/following", "You follow nobody yet").await;

    lynx.press("/timeline", &[], "Log out").await;
    says("/profile", "You are new here?").await;
    eventually("the session is over", || async {
        let open = "sessions where ended_at is null";
        (app.count(open).await == 0).then_some(())
    })
    .await;
}
