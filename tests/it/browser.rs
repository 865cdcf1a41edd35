//! The scenarios of the pages in a real browser, with script.

use crate::support::{Browser, PASSWORD, Person, TestApp, eventually, png};
use fantoccini::{Locator, key::Key};
use serde_json::{Value, json};

const INVALID: &str = "Enter a valid email address";

async fn at(app: &TestApp, path: &str) -> Browser {
    let browser = Browser::open(app).await;
    browser.go(path).await;
    browser
}

async fn signed_in(app: &TestApp, person: &Person) -> Browser {
    let browser = at(app, "/login").await;
    browser.fill("Email", &person.email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Log in").await;
    browser.arrives_at("/timeline").await;
    browser
}

/// Nothing is kept where page script could read it.
async fn nothing_is_stored(browser: &Browser) {
    let script = "return [localStorage.length, sessionStorage.length, document.cookie]";
    assert_eq!(browser.run(script, vec![]).await, json!([0, 0, ""]));
}

#[tokio::test]
async fn user_fe_001_1_s1_form_renders_visible_and_focusable() {
    let app = TestApp::start().await;
    let browser = at(&app, "/register").await;
    for label in ["Email", "Username", "Password"] {
        let field = browser.field(label).await;
        assert!(field.is_displayed().await.unwrap() && field.is_enabled().await.unwrap());
        field.click().await.unwrap();
        let active = browser.client.active_element().await.unwrap();
        assert_eq!(
            active.attr("id").await.unwrap(),
            field.attr("id").await.unwrap(),
            "{label}"
        );
    }
    assert!(browser.has_button("Create account").await);
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_001_2_s1_invalid_email_is_shown_on_leaving_the_field() {
    let app = TestApp::start().await;
    let browser = at(&app, "/register").await;
    browser.mark().await;
    browser.fill("Email", "notanemail").await;
    browser.leave("Email").await;
    browser.shows(INVALID).await;
    let email = browser.field("Email").await;
    let look = "const field = document.getElementById(arguments[0]);
        const ids = (field.getAttribute('aria-describedby') || '').split(' ');
        const told = ids.map(id => document.getElementById(id)).filter(Boolean)
            .filter(e => e.innerText.includes(arguments[1]));
        const below = told.some(e => e.getBoundingClientRect().top >=
            field.getBoundingClientRect().bottom - 1);
        return [field.getAttribute('aria-invalid'), told.length, below]";
    let id = email.attr("id").await.unwrap();
    let tied = || async {
        let seen = browser.run(look, vec![json!(id), json!(INVALID)]).await;
        (seen == json!(["true", 1, true])).then_some(())
    };
    eventually("the message is beneath the field and tied to it", tied).await;

    // The form cannot be submitted.
    browser.fill("Username", "ana").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Create account").await;
    browser.shows(INVALID).await;
    assert_eq!(browser.path().await, "/register");
    assert_eq!(app.count("users").await, 0);

    // Mended, it can.
    browser.fill("Email", "ana@example.org").await;
    browser.leave("Email").await;
    eventually("the message goes away", || async {
        (!browser.text().await.contains(INVALID)).then_some(())
    })
    .await;
    if browser
        .field("Password")
        .await
        .prop("value")
        .await
        .unwrap()
        .as_deref()
        != Some(PASSWORD)
    {
        browser.fill("Password", PASSWORD).await;
    }
    browser.click("Create account").await;
    browser.shows("Check your email").await;
    browser.shows("ana@example.org").await;
    assert_eq!(app.count("users").await, 1);
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_001_2_s2_duplicate_email_is_a_banner_and_the_form_stays_editable() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let browser = at(&app, "/register").await;
    browser.fill("Email", "ana@example.org").await;
    browser.fill("Username", "ana2").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Create account").await;
    browser.shows("This email is already registered").await;
    let value = |label: &'static str| async {
        let field = browser.field(label).await;
        field.prop("value").await.unwrap().unwrap_or_default()
    };
    assert_eq!(value("Email").await, "ana@example.org");
    assert_eq!(value("Username").await, "ana2");
    assert_eq!(value("Password").await, "");
    browser.fill("Email", "ana2@example.org").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Create account").await;
    browser.shows("Check your email").await;
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_002_1_s1_login_leads_to_the_timeline_and_stores_nothing_in_reach() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let browser = signed_in(&app, &ana).await;
    assert!(browser.has_button("Log out").await);
    nothing_is_stored(&browser).await;
    let cookies = browser.client.get_all_cookies().await.unwrap();
    assert!(
        cookies
            .iter()
            .any(|cookie| cookie.name() == "refresh_token")
    );
    for cookie in cookies {
        assert_eq!(cookie.http_only(), Some(true), "{}", cookie.name());
    }
    browser.click("Log out").await;
    eventually("the cookie is gone", || async {
        let cookies = browser.client.get_all_cookies().await.unwrap();
        (!cookies
            .iter()
            .any(|cookie| cookie.name() == "refresh_token"))
        .then_some(())
    })
    .await;
    browser.go("/timeline").await;
    browser.arrives_at("/login").await;
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_002_2_s1_wrong_credentials_are_a_banner_and_the_password_is_cleared() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let browser = at(&app, "/login").await;
    browser.fill("Email", &ana.email).await;
    browser.fill("Password", "something else").await;
    browser.click("Log in").await;
    browser.shows("Invalid email or password").await;
    let password = browser.field("Password").await;
    assert_eq!(password.prop("value").await.unwrap().as_deref(), Some(""));
    let email = browser.field("Email").await;
    assert_eq!(
        email.prop("value").await.unwrap().as_deref(),
        Some("ana@example.org")
    );
    nothing_is_stored(&browser).await;
    let cookies = browser.client.get_all_cookies().await.unwrap();
    assert!(
        !cookies
            .iter()
            .any(|cookie| cookie.name() == "refresh_token")
    );
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_003_1_s1_the_profile_shows_current_data() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.follow(&bob, &ana).await;
    let body = json!({ "display_name": "Ana Banana", "bio": "One\nTwo" });
    app.api()
        .of(&ana)
        .patch("/users/me", body)
        .await
        .expect(200);
    app.api().of(&ana).upload(&png(20, 20)).await.expect(200);
    let browser = signed_in(&app, &ana).await;
    browser.go("/profile").await;
    for words in [
        "Ana Banana",
        "ana",
        "One",
        "Two",
        "1 follower",
        "0 following",
    ] {
        browser.shows(words).await;
    }
    let loaded = "return [...document.images].some(image =>
        image.src.includes('/avatars/') && image.complete && image.naturalWidth > 0)";
    eventually("the picture is shown", || async {
        (browser.run(loaded, vec![]).await == json!(true)).then_some(())
    })
    .await;
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_003_2_s1_edits_are_saved_in_place() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let browser = signed_in(&app, &ana).await;
    browser.go("/profile").await;
    browser.mark().await;
    browser.click("Edit profile").await;
    browser.fill("Display name", "Ana B.").await;
    browser.fill("Bio", "Hello there").await;
    browser.click("Save").await;
    browser.shows("Ana B.").await;
    browser.shows("Hello there").await;
    eventually("the form is gone", || async {
        (!browser.has_button("Save").await).then_some(())
    })
    .await;
    assert!(browser.is_marked().await, "no full reload");
    let name: String = app.value("select display_name from users.users", &[]).await;
    assert_eq!(name, "Ana B.");
    browser.go("/profile").await;
    browser.shows("Ana B.").await;
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_003_2_s1_what_breaks_a_rule_is_told_in_place() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let browser = signed_in(&app, &ana).await;
    browser.go("/profile").await;
    browser.mark().await;
    browser.click("Edit profile").await;
    let long = "document.getElementById(arguments[0]).value = 'x'.repeat(400)";
    let id = browser.field("Bio").await.attr("id").await.unwrap();
    browser.run(long, vec![json!(id)]).await;
    browser.click("Save").await;
    browser.shows("Bio must be 300 characters or fewer").await;
    assert!(browser.is_marked().await);
    let focus = browser.client.active_element().await.unwrap();
    assert_eq!(
        focus.attr("id").await.unwrap().as_deref(),
        Some("problem"),
        "the summary takes the focus"
    );
    browser.fill("Bio", "short").await;
    browser.click("Save").await;
    browser.shows("short").await;
    assert!(browser.is_marked().await);
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_003_2_s2_a_chosen_picture_is_previewed_before_it_is_uploaded() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let picture = app.data_dir.path().join("me.png");
    std::fs::write(&picture, png(40, 40)).unwrap();
    let browser = signed_in(&app, &ana).await;
    browser.go("/profile").await;
    browser.click("Edit profile").await;
    let picker = browser
        .client
        .wait()
        .for_element(Locator::Css("input[type=file]"))
        .await
        .unwrap();
    picker.send_keys(picture.to_str().unwrap()).await.unwrap();
    let preview = "return [...document.images].some(image => image.src.startsWith('blob:')
        && image.checkVisibility() && image.naturalWidth === 40)";
    eventually("a local preview", || async {
        (browser.run(preview, vec![]).await == json!(true)).then_some(())
    })
    .await;
    assert_eq!(
        app.count("users where avatar_url is not null").await,
        0,
        "nothing was sent yet"
    );
    browser.click("Upload picture").await;
    eventually("the picture is stored", || async {
        (app.count("users where avatar_url is not null").await == 1).then_some(())
    })
    .await;
    let shown = "return [...document.images].some(image => image.src.includes('/avatars/'))";
    eventually("the picture is shown", || async {
        (browser.run(shown, vec![]).await == json!(true)).then_some(())
    })
    .await;
    browser.console_is_clean().await;
}

#[tokio::test]
async fn follow_and_unfollow_change_button_and_count_in_place() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let browser = signed_in(&app, &ana).await;
    browser.go(&bob.page()).await;
    browser.mark().await;
    browser.click("Follow").await;
    browser.shows("1 follower").await;
    eventually("the button changes", || async {
        browser.has_button("Unfollow").await.then_some(())
    })
    .await;
    let focus = browser.client.active_element().await.unwrap();
    assert_eq!(
        focus.tag_name().await.unwrap(),
        "button",
        "the focus stays on the button"
    );
    assert_eq!(app.counts(&bob).await, (1, 0));
    browser.click("Unfollow").await;
    browser.shows("0 followers").await;
    assert!(browser.is_marked().await, "no full reload");
    assert_eq!(app.count("follows").await, 0);
    browser.console_is_clean().await;
}

#[tokio::test]
async fn user_fe_005_1_s1_clicking_the_follower_count_opens_the_list() {
    let app = TestApp::start().await;
    let (star, _) = app.followed_by(25).await;
    let browser = signed_in(&app, &star).await;
    browser.go(&star.page()).await;
    browser.click("25 followers").await;
    browser.shows("fan0024").await;
    browser.click("Older").await;
    browser.shows("fan0000").await;
    nothing_is_stored(&browser).await;
    browser.console_is_clean().await;
}

#[tokio::test]
async fn the_first_stop_of_tab_skips_to_the_content() {
    let app = TestApp::start().await;
    let browser = at(&app, "/login").await;
    let body = browser.client.find(Locator::Css("body")).await.unwrap();
    body.send_keys(&char::from(Key::Tab).to_string())
        .await
        .unwrap();
    let look = "const link = document.activeElement; const box = link.getBoundingClientRect();
        return [link.tagName, (link.getAttribute('href') || '').startsWith('#'),
            box.top >= 0 && box.width > 1 && box.height > 1]";
    let seen: Value = browser.run(look, vec![]).await;
    assert_eq!(
        seen,
        json!(["A", true, true]),
        "it is visible once it has the focus"
    );
}
