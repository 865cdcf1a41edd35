//! What every page has: one heading, labels, unique ids, forms that work without script.

use crate::support::{Page, TestApp, Visitor, png};
use serde_json::json;
use std::collections::HashSet;

/// The service with a few people, and a visitor who is signed in as one of them.
pub async fn village() -> (TestApp, Visitor) {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    for (follower, followee) in [(&ana, &bob), (&bob, &ana), (&eve, &ana), (&eve, &bob)] {
        app.follow(follower, followee).await;
    }
    let body = json!({ "display_name": "Bob \"B\" <b>", "bio": "One\nTwo" });
    app.api()
        .of(&bob)
        .patch("/users/me", body)
        .await
        .expect(200);
    app.api().of(&bob).upload(&png(8, 8)).await.expect(200);
    let visitor = app.signed_in(&ana).await;
    (app, visitor)
}

/// Every page in every state that a visit leads to.
async fn every_page() -> Vec<(String, Page)> {
    let (app, mut signed_in) = village().await;
    let new = app.unverified("newcomer").await;
    let link = app.sink.mail_to(&new.email).await.link();
    let mut pages = Vec::new();
    let mut stranger = app.visitor();
    for path in [
        "/",
        "/login",
        "/login?next=%2Fprofile",
        "/register",
        "/@bob",
        "/@nobody",
        "/nowhere",
        "/verify",
        "/verify?token=x",
        link.as_str(),
    ] {
        pages.push((
            format!("signed out {path}"),
            stranger.open(path).await.clone(),
        ));
    }
    stranger.open("/register").await;
    pages.push((
        "register, refused".into(),
        stranger
            .send("Create account", &[("Email", "x")])
            .await
            .clone(),
    ));
    let typed = [
        ("Email", "bob@example.org"),
        ("Username", "bob2"),
        ("Password", "12345678x"),
    ];
    pages.push((
        "register, duplicate".into(),
        stranger.send("Create account", &typed).await.clone(),
    ));
    let typed = [
        ("Email", "max@example.org"),
        ("Username", "max"),
        ("Password", "12345678x"),
    ];
    pages.push((
        "registered".into(),
        stranger.send("Create account", &typed).await.clone(),
    ));
    stranger.open("/login").await;
    let typed = [("Email", "bob@example.org"), ("Password", "wrong one")];
    pages.push((
        "login, refused".into(),
        stranger.send("Log in", &typed).await.clone(),
    ));
    let typed = [("Email", "max@example.org"), ("Password", "12345678x")];
    pages.push((
        "login, unverified".into(),
        stranger.send("Log in", &typed).await.clone(),
    ));
    for path in [
        "/timeline",
        "/profile",
        "/profile/edit",
        "/@ana",
        "/@bob",
        "/@ana/followers",
        "/@ana/following",
        "/@eve/followers",
        "/nowhere",
        "/verify?token=x",
    ] {
        pages.push((
            format!("signed in {path}"),
            signed_in.open(path).await.clone(),
        ));
    }
    signed_in.open("/profile/edit").await;
    let long = "x".repeat(500);
    let refused = signed_in
        .send("Save", &[("Display name", &long), ("Bio", &long)])
        .await;
    pages.push(("edit, refused".into(), refused.clone()));
    pages
}

#[tokio::test]
async fn every_page_is_whole_and_accessible() {
    for (what, page) in every_page().await {
        check(&what, &page);
    }
}

fn check(what: &str, page: &Page) {
    let html = page.html();
    assert!(
        html.trim_start()
            .to_lowercase()
            .starts_with("<!doctype html>"),
        "{what}"
    );
    assert_eq!(page.one("html").attr("lang"), Some("en"), "{what}");
    assert!(!page.h1().is_empty(), "{what}");
    assert_eq!(page.all("title").len(), 1, "{what}");
    assert!(page.title().len() > 3, "{what}: {}", page.title());
    assert_eq!(page.all("main").len(), 1, "{what}");
    assert_eq!(page.all("meta[name=viewport]").len(), 1, "{what}");
    ids(what, page);
    controls(what, page);
    forms(what, page);
    first_stop(what, page);
    no_inline(what, page);
    for image in page.all("img") {
        assert!(image.attr("alt").is_some(), "{what}: {image:?}");
    }
    for link in page.all("a[href]") {
        assert!(!link.name.is_empty(), "{what}: {link:?}");
    }
    for button in page.all("button") {
        assert!(!button.name.is_empty(), "{what}: {button:?}");
    }
}

fn ids(what: &str, page: &Page) {
    let mut seen = HashSet::new();
    for element in page.all("[id]") {
        let id = element.attr("id").unwrap().to_owned();
        assert!(
            !id.is_empty() && !id.contains(char::is_whitespace),
            "{what}: {id:?}"
        );
        assert!(seen.insert(id.clone()), "{what}: {id} comes twice");
    }
    for attribute in [
        "aria-describedby",
        "aria-labelledby",
        "aria-controls",
        "for",
    ] {
        for element in page.all(&format!("[{attribute}]")) {
            for id in element.attr(attribute).unwrap().split_whitespace() {
                assert!(seen.contains(id), "{what}: {attribute}={id} leads nowhere");
            }
        }
    }
    for link in page.all("a[href^='#']") {
        let target = &link.attr("href").unwrap()[1..];
        assert!(seen.contains(target), "{what}: #{target} leads nowhere");
    }
}

fn controls(what: &str, page: &Page) {
    for field in page.fields() {
        assert!(!field.label.is_empty(), "{what}: {field:?} has no label");
        assert!(
            field.kind != "password" || field.value.is_empty(),
            "{what}: {field:?}"
        );
        if page.status == 200 {
            assert_eq!(field.attr("autofocus"), None, "{what}: {field:?}");
            assert!(!field.is_invalid(), "{what}: {field:?}");
        }
        if field.is_invalid() {
            assert!(!field.description.is_empty(), "{what}: {field:?}");
        }
    }
}

fn forms(what: &str, page: &Page) {
    for form in page.all("form") {
        assert!(form.attr("method").is_some(), "{what}: {form:?}");
        assert!(form.attr("action").is_some(), "{what}: {form:?}");
    }
    for verb in ["get", "post", "put", "patch", "delete"] {
        for element in page.all(&format!("[hx-{verb}], [data-hx-{verb}]")) {
            let works = match element.tag.as_str() {
                "form" => element.attr("method").is_some() && element.attr("action").is_some(),
                "a" => element.attr("href").is_some(),
                // It improves a control of a form that works by itself.
                "input" | "textarea" | "button" => true,
                _ => false,
            };
            assert!(works, "{what}: {element:?} does nothing without script");
        }
    }
}

fn first_stop(what: &str, page: &Page) {
    let stops = page
        .all("a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex]");
    let first = stops.first().expect("somewhere to go");
    let target = first.attr("href").unwrap_or_default();
    assert!(
        target.starts_with('#') && first.name.to_lowercase().contains("skip"),
        "{what}: {first:?}"
    );
    assert_eq!(page.one(target).tag, "main", "{what}");
    assert!(
        stops
            .iter()
            .all(|stop| !stop.attr("tabindex").is_some_and(|n| n != "0" && n != "-1"))
    );
}

/// The content security policy would refuse it.
fn no_inline(what: &str, page: &Page) {
    for element in page.all("*") {
        let refused = element
            .attributes
            .keys()
            .find(|name| name.starts_with("on") || name.starts_with("hx-on") || *name == "style");
        assert!(refused.is_none(), "{what}: {refused:?} of {}", element.tag);
    }
    assert!(page.all("style").is_empty(), "{what}");
    for script in page.all("script") {
        let source = script
            .attr("src")
            .unwrap_or_else(|| panic!("{what}: inline script"));
        assert!(source.starts_with("/static/"), "{what}: {source}");
    }
    // A link to a part of the page itself fetches nothing.
    for element in page.all("[src], link[href]:not([rel=expect][href='#status'])") {
        let address = element.attr("src").or(element.attr("href")).unwrap();
        assert!(!address.starts_with("//"), "{what}: {address}");
        if element.tag != "img" {
            assert!(address.starts_with('/'), "{what}: {address}");
        }
    }
    let script = ["enable javascript", "requires javascript", "<noscript"];
    let html = page.html().to_lowercase();
    assert!(script.iter().all(|words| !html.contains(words)), "{what}");
}
