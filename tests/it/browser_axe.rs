//! Every page in every state, examined in a real browser: no violation of WCAG 2.0 to 2.2 A and
//! AA nor of axe-core's best practices, no scrolling sideways, no other host asked, nothing
//! stored, nothing in the console; light and dark, wide and narrow.

use crate::{
    devices::{FIREFOX, SAFARI},
    support::{PASSWORD, TestApp, Tour, eventually, png},
    timeline_posts::{Stub, answer},
};
use serde_json::json;
use users_service::services::follows;

/// As long as they may be, and without a place to break.
const LONG_NAME: &str = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft";
const LONG_USERNAME: &str = "a23456789_123456789_1234567890";

#[tokio::test]
async fn pages_for_everybody_are_accessible_in_every_state_and_look() {
    let mails = tempfile::tempdir().unwrap();
    let folder = format!("file:{}", mails.path().display());
    let app = TestApp::with(&[("EMAIL_URL", &folder), ("RATE_LIMITS", "off")]).await;
    let mut tour = Tour::start(&app).await;
    tour.visit(&[
        ("/", "Create an account"),
        ("/dev/mail", "No mail was sent yet"),
        ("/register", "Create an account"),
    ])
    .await;
    let browser = &tour.browser;
    browser.fill("Email", "x").await;
    browser.leave("Email").await;
    tour.see("register, a field left", "Enter a valid email address")
        .await;
    tour.browser.go("/register").await;
    tour.browser.click("Create account").await;
    tour.see("register, errors", "There is a problem").await;
    let ana = app.person("ana").await;
    let fields = [
        ("Email", ana.email.as_str()),
        ("Username", LONG_USERNAME),
        ("Password", PASSWORD),
    ];
    tour.fill(&fields, "Create account").await;
    tour.see("register, duplicate", "This email is already registered")
        .await;
    let fields = [("Email", "max@example.org"), ("Password", PASSWORD)];
    tour.fill(&fields, "Create account").await;
    tour.see("registered", "Wrong address?").await;
    tour.fill(&[("Email", &ana.email)], "Send to this address")
        .await;
    tour.see("registered, wrong address", "already registered")
        .await;
    tour.visit(&[
        ("/login", "You are new here?"),
        ("/forgot-password", "We send you a link"),
        ("/forgot-password/sent", "Check your email"),
        ("/reset-password?token=x", "does not work any more"),
        ("/verify/resend", "We send a new link"),
        ("/verify?token=x", "does not work any more"),
        ("/@ana", "Log in to follow"),
        ("/@nobody", "Go to the start page"),
        ("/nowhere", "Go to the start page"),
        ("/verify/reject", "Go to the start page"),
        ("/docs", "Operations"),
    ])
    .await;
    tour.browser.go("/login").await;
    let fields = [("Email", "ana@example.org"), ("Password", "wrong one")];
    tour.fill(&fields, "Log in").await;
    tour.see("login, wrong", "Invalid email or password").await;
    let fields = [("Email", "max@example.org"), ("Password", PASSWORD)];
    tour.fill(&fields, "Log in").await;
    tour.see("login, not verified", "Send the email again")
        .await;
    tour.browser.click("Send the email again").await;
    tour.see("link sent again", "a new email is on its way")
        .await;
    app.mails_are_out().await;
    tour.visit(&[("/dev/mail", "Verify your email address")])
        .await;
    tour.browser.click("Verify your email address").await;
    tour.see("a mail", "All mails").await;
    let eve = app.unverified("eve").await;
    let link = format!("/verify?token={}", app.link_token(&eve).await);
    tour.browser.go(&link).await;
    tour.see("verify", "This was not me").await;
    tour.browser.click("Verify email address").await;
    tour.see("verified", "Your email address is verified").await;
    let kim = app.unverified("kim").await;
    let link = format!("/verify?token={}", app.link_token(&kim).await);
    tour.browser.go(&link).await;
    tour.browser.click("This was not me").await;
    tour.see("refused", "The account is deleted").await;
    let link = format!(
        "/reset-password?token={}",
        app.reset_token(&ana.email).await
    );
    tour.browser.go(&link).await;
    tour.browser.fill("Password", "password123").await;
    tour.see("reset, advice", "This is a common password").await;
    tour.browser.click("Set password").await;
    tour.see("reset, errors", "There is a problem").await;
    tour.browser
        .fill("Password", "a better horse battery")
        .await;
    tour.browser.click("Set password").await;
    tour.see("log in after a reset", "Log in with it").await;
    tour.end();
}

#[tokio::test]
async fn pages_of_members_are_accessible_in_every_state_and_look() {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let ana = app.person(LONG_USERNAME).await;
    let own = |rest: &str| format!("{}{rest}", ana.page());
    let mut tour = Tour::start(&app).await;
    tour.browser.go("/login").await;
    let fields = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    tour.fill(&fields, "Log in").await;
    tour.browser.arrives_at("/timeline").await;
    tour.see("timeline, empty", "You follow nobody yet").await;
    tour.visit(&[
        (&own("/followers"), "Nobody follows you yet"),
        (&own("/following"), "You follow nobody yet"),
        (&own("/followers?page=7"), "There is nobody on this page"),
        (&own("/followers?page=0"), "There is no such page"),
        (&own(""), "This is you"),
        ("/logout", "Go to the start page"),
        ("/settings/devices", "This device"),
        ("/settings/history", "Logged in"),
        ("/profile/edit", "Display name"),
        ("/profile", "You have not written about yourself yet"),
    ])
    .await;
    tour.browser.click("Upload picture").await;
    tour.see("picture, error", "Error:").await;
    tour.browser.click("Edit profile").await;
    tour.browser.fill("Bio", &"x".repeat(301)).await;
    tour.see("edit, counted", "You have 1 character too many")
        .await;
    tour.browser.click("Save").await;
    tour.see("edit, errors", "There is a problem").await;

    for user_agent in [FIREFOX, SAFARI] {
        app.log_in_with(&ana, user_agent).await;
        let wrong = app.try_log_in(&ana, "not this one", user_agent).await;
        wrong.expect(401);
    }
    tour.visit(&[("/settings/devices", "End all other sessions")])
        .await;
    tour.browser.click("End all other sessions").await;
    tour.see("devices, ended", "All other sessions have ended")
        .await;
    tour.visit(&[
        ("/settings/history", "A failed log-in"),
        (
            "/settings/history?cursor=00000000-0000-0000-0000-000000000000",
            "nothing more",
        ),
    ])
    .await;

    let body = json!({ "display_name": LONG_NAME, "bio": "https://example.org/".repeat(9) });
    let api = app.api().of(&ana);
    api.patch("/users/me", body).await.expect(200);
    api.upload(&png(200, 100)).await.expect(200);
    for fan in app.crowd(25, "fan").await {
        follows::follow(&app.app, fan, ana.id).await.unwrap();
    }
    tour.visit(&[
        ("/timeline", "fan0024"),
        ("/profile", LONG_NAME),
        (&own(""), "25 followers"),
        ("/@fan0003", "Follows you"),
        (&own("/followers?page=2"), "fan0000"),
        (&own("/followers"), "fan0024"),
    ])
    .await;
    tour.browser.click("Follow fan0024").await;
    eventually("the button changes", || async {
        tour.browser
            .has_button("Unfollow fan0024")
            .await
            .then_some(())
    })
    .await;
    tour.browser.click("Load more").await;
    tour.see("followers, more loaded", "fan0000").await;
    tour.visit(&[
        (&own("/following"), "fan0024"),
        ("/@fan0024/followers", "Followers of fan0024"),
        ("/@fan0024", "Unfollow"),
    ])
    .await;
    tour.end();
}

#[tokio::test]
async fn posts_and_rare_pages_are_accessible_in_every_look() {
    let author = json!({ "username": "bob", "display_name": LONG_NAME, "avatar_url": null });
    let text = "first line\nhttps://example.org/".to_owned() + &"long".repeat(40);
    let at = "2026-01-02T03:04:05Z";
    let posts = json!({ "items": [
        { "id": "1", "author_id": "2", "text": text, "created_at": at, "author": author },
        { "id": "2", "author_id": "3", "text": "orphan", "created_at": at },
    ] });
    let [shown, none] = [posts.to_string(), r#"{"items":[]}"#.to_owned()];
    let [shown, none, failed] = [
        answer("200 OK", &shown),
        answer("200 OK", &none),
        answer("404 Not Found", ""),
    ];
    // The log-in's own visit, and three more.
    let stub = Stub::start(&[&shown, &shown, &none, &failed]).await;
    let settings = [
        ("POSTS_SERVICE_URL", stub.url.as_str()),
        ("RATE_LIMITS", "off"),
    ];
    let app = TestApp::with(&settings).await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    app.follow(&ana, &bob).await;
    app.follow(&bob, &eve).await;
    let mut tour = Tour::start(&app).await;
    tour.browser.go("/login").await;
    let known = [("Email", ana.email.as_str()), ("Password", PASSWORD)];
    tour.fill(&known, "Log in").await;
    tour.browser.arrives_at("/timeline").await;
    tour.visit(&[("/timeline", "Somebody who is no longer here")])
        .await;
    tour.browser.shows("Followed by 1 person you follow").await;
    tour.visit(&[("/timeline", "No posts yet")]).await;
    tour.visit(&[("/timeline", "Posts can't be shown right now")])
        .await;

    // The session ends while the form is filled in.
    tour.browser.go("/profile/edit").await;
    tour.browser.fill("Bio", "not saved yet").await;
    for cookie in ["session", "refresh_token"] {
        tour.browser.client.delete_cookie(cookie).await.unwrap();
    }
    tour.browser.click("Save").await;
    tour.browser.arrives_at("/login").await;
    tour.fill(&known, "Log in").await;
    tour.see(
        "edit, restored",
        "You were logged out before this was saved",
    )
    .await;

    // A form without its proof, and one that the service fails under.
    let forget = "document.querySelector('.top [name=csrf]').value = ''";
    tour.browser.run(forget, vec![]).await;
    tour.browser.click("Log out").await;
    tour.see("log out, again", "This form was open for too long")
        .await;
    tour.browser.go("/profile/edit").await;
    tour.browser.fill("Bio", "typed in vain").await;
    app.database.allow_connections(false).await;
    let whole_page = "document.querySelector('form [name=person]').form.submit()";
    tour.browser.run(whole_page, vec![]).await;
    tour.see("edit, busy", "Try again in a moment").await;
    tour.end();
}
