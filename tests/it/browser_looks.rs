//! How people set their browsers: large text, other colours, more contrast, no motion, paper. And
//! that nothing moves by itself.

use crate::support::{Browser, PASSWORD, Person, TestApp, eventually, png};
use serde_json::{Value, json};
use users_service::services::follows;

const LONG_NAME: &str = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft";
const LONG_USERNAME: &str = "a23456789_123456789_1234567890";

async fn log_in(browser: &Browser, person: &Person) {
    browser.go("/login").await;
    browser.fill("Email", &person.email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Log in").await;
    browser.arrives_at("/timeline").await;
}

/// Somebody with the longest of names, a picture, and a few who follow.
async fn somebody(app: &TestApp) -> Person {
    let ana = app.person(LONG_USERNAME).await;
    let api = app.api().of(&ana);
    let body = json!({ "display_name": LONG_NAME, "bio": "https://example.org/".repeat(9) });
    api.patch("/users/me", body).await.expect(200);
    api.upload(&png(200, 100)).await.expect(200);
    for fan in app.crowd(25, "fan").await {
        follows::follow(&app.app, fan, ana.id).await.unwrap();
    }
    ana
}

/// What a computed style of the first element that a selector finds is.
async fn style(browser: &Browser, selector: &str, property: &str) -> Value {
    let script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]";
    browser
        .run(script, vec![json!(selector), json!(property)])
        .await
}

#[tokio::test]
async fn text_of_twice_the_size_fits_the_narrowest_screen() {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let ana = somebody(&app).await;
    let browser = Browser::with_large_text(&app).await;
    browser.look_like("light", 320).await;
    let mut found = Vec::new();
    let own = ana.page();
    let followers = format!("{own}/followers");
    for path in [
        "/",
        "/register",
        "/login",
        "/forgot-password",
        "/verify/resend",
        "/nowhere",
        "/docs",
        "/dev/mail",
        "",
        "/timeline",
        "/profile",
        "/profile/edit",
        &own,
        &followers,
        "/@fan0003",
        "/settings",
        "/settings/delete",
        "/settings/devices",
        "/settings/email",
        "/settings/export",
        "/settings/history",
        "/settings/password",
        "/settings/username",
    ] {
        if path.is_empty() {
            log_in(&browser, &ana).await;
            continue;
        }
        browser.go(path).await;
        assert_eq!(style(&browser, "html", "fontSize").await, "32px");
        let sideways = "const { scrollWidth, clientWidth } = document.scrollingElement;
            return scrollWidth - clientWidth";
        let sideways = browser.run(sideways, vec![]).await;
        if sideways != json!(0) {
            let shot = browser.screenshot(&format!("large text {path}")).await;
            found.push(format!(
                "{path}: {sideways} px too wide, see {}",
                shot.display()
            ));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn nothing_moves_by_itself() {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let ana = somebody(&app).await;
    let browser = Browser::open(&app).await;
    let mut found = Vec::new();
    for path in ["/", "/register", "/login", &ana.page()] {
        browser.go(path).await;
        found.extend(browser.shifts().await);
    }
    log_in(&browser, &ana).await;
    let followers = format!("{}/followers", ana.page());
    for path in [
        "/timeline",
        "/profile",
        "/profile/edit",
        "/@fan0003",
        &followers,
    ] {
        browser.go(path).await;
        eventually("pictures are there", || async {
            let loaded = "return [...document.images].every(image => image.complete)";
            (browser.run(loaded, vec![]).await == json!(true)).then_some(())
        })
        .await;
        found.extend(browser.shifts().await);
    }
    browser.click("Load more").await;
    browser.shows("fan0000").await;
    found.extend(browser.shifts().await);
    browser.go("/@fan0003").await;
    browser.click("Follow").await;
    browser.shows("Unfollow").await;
    found.extend(browser.shifts().await);
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn what_people_prefer_is_honoured() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let browser = Browser::open(&app).await;
    log_in(&browser, &ana).await;
    let here = ".top [aria-current]";

    browser.prefer("forced-colors", "active").await;
    let line = style(&browser, here, "textDecorationLine").await;
    assert_eq!(line, "underline", "shadows are gone there");

    browser.prefer("prefers-contrast", "more").await;
    let soft = style(&browser, "footer", "color").await;
    assert_eq!(soft, style(&browser, "body", "color").await);

    browser.prefer("prefers-reduced-motion", "reduce").await;
    assert_eq!(style(&browser, "button", "transitionDuration").await, "0s");
    browser
        .prefer("prefers-reduced-motion", "no-preference")
        .await;
    assert_ne!(style(&browser, "button", "transitionDuration").await, "0s");

    browser.go(&ana.page()).await;
    let print = json!({ "media": "print" });
    browser.devtools("Emulation.setEmulatedMedia", print).await;
    for gone in ["nav", "footer", "form", ".skip"] {
        assert_eq!(style(&browser, gone, "display").await, "none", "{gone}");
    }
    assert_eq!(style(&browser, "body", "color").await, "rgb(0, 0, 0)");
    browser.shows("@ana").await;
}
