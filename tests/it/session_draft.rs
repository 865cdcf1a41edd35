//! A session that ended while somebody typed: back to the form, with what was typed.

use crate::support::{PASSWORD, Person, TestApp, Visitor};
use time::Duration;

const NOTE: &str = "You were logged out before this was saved. Here is what you typed.";
const TYPED: [(&str, &str); 2] = [
    ("Display name", "Ana \"B\" <i>"),
    ("Bio", "one\n<b>two</b> ä"),
];

/// Somebody at the profile form whose session and refresh token are gone.
async fn ended(app: &TestApp, person: &Person) -> Visitor {
    let mut visitor = app.signed_in(person).await;
    visitor.open("/profile/edit").await;
    visitor.jar.keep_only(&["csrf"]);
    visitor
}

async fn log_in(visitor: &mut Visitor, person: &Person) {
    let typed = [("Email", person.email.as_str()), ("Password", PASSWORD)];
    visitor.send("Log in", &typed).await;
}

fn assert_restored(visitor: &Visitor) {
    let page = visitor.page();
    assert_eq!((page.status, page.path()), (200, "/profile/edit"));
    page.shows(NOTE);
    assert_eq!(page.field("Display name").value, TYPED[0].1);
    assert_eq!(page.field("Bio").value, TYPED[1].1);
}

#[tokio::test]
async fn the_form_comes_back_with_what_was_typed_and_saves() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = ended(&app, &ana).await;
    let page = visitor.send("Save", &TYPED).await;
    assert_eq!(
        page.redirects,
        [(303, "/login?next=%2Fprofile%2Fedit".to_owned())]
    );
    let draft = visitor.cookie("draft").unwrap().clone();
    assert!(
        draft.has("HttpOnly") && draft.has("Max-Age=1800"),
        "{draft:?}"
    );
    assert!(!app.dump().await.contains("two"), "nothing is stored");
    log_in(&mut visitor, &ana).await;
    assert_restored(&visitor);
    assert!(visitor.cookie("draft").is_none(), "it is given back once");
    visitor.press("Save").await;
    let name: Option<String> = app.value("select display_name from users.users", &[]).await;
    assert_eq!(name.as_deref(), Some(TYPED[0].1));
    assert!(!visitor.open("/profile/edit").await.has(NOTE));
}

/// The forms of the settings with a text worth keeping: page, button, label, text.
const SETTINGS: [[&str; 4]; 2] = [
    [
        "/settings/username",
        "Change username",
        "Username",
        "ana.banana",
    ],
    [
        "/settings/email",
        "Change email",
        "New email",
        "new@example.org",
    ],
];

#[tokio::test]
async fn the_settings_come_back_with_what_was_typed_too_and_to_nobody_else() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    for [path, button, label, text] in SETTINGS {
        for person in [&bob, &ana] {
            let mut visitor = app.signed_in(&ana).await;
            visitor.open(path).await;
            visitor.jar.keep_only(&["csrf"]);
            let page = visitor.send(button, &[(label, text)]).await;
            assert_eq!(page.path(), "/login");
            assert!(!app.dump().await.contains(text), "nothing is stored");
            log_in(&mut visitor, person).await;
            let page = visitor.page();
            assert_eq!((page.status, page.path()), (200, path));
            let is_hers = person.id == ana.id;
            assert_eq!(page.field(label).value == text, is_hers, "{path}");
            assert_eq!(page.has("Here is what you typed"), is_hers, "{path}");
            if is_hers {
                assert!(visitor.cookie("draft").is_none(), "it is given back once");
                visitor.press(button).await.shows(text);
            }
        }
    }
}

#[tokio::test]
async fn a_form_that_came_back_from_an_outage_still_says_whose_it_is() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for [path, button, label, text] in SETTINGS {
        let mut visitor = app.signed_in(&ana).await;
        visitor.open(path).await;
        app.database.allow_connections(false).await;
        let page = visitor.send(button, &[(label, text)]).await;
        assert_eq!(page.status, 503);
        app.database.allow_connections(true).await;
        visitor.jar.keep_only(&["csrf"]);
        assert_eq!(visitor.press(button).await.path(), "/login");
        log_in(&mut visitor, &ana).await;
        assert_eq!(visitor.page().field(label).value, text);
    }
}

#[tokio::test]
async fn passwords_are_not_kept() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/password").await;
    visitor.jar.keep_only(&["csrf"]);
    let typed = [
        ("Current password", PASSWORD),
        ("New password", "another horse battery"),
    ];
    let page = visitor.send("Change password", &typed).await;
    assert_eq!(page.path(), "/login");
    assert!(visitor.cookie("draft").is_none());
}

#[tokio::test]
async fn htmx_is_led_there_too() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = ended(&app, &ana).await;
    let answer = visitor.htmx("Save", &TYPED).await;
    assert_eq!(answer.status, 204);
    let to = answer.header("hx-redirect").unwrap().to_owned();
    assert_eq!(to, "/login?next=%2Fprofile%2Fedit");
    visitor.open(&to).await;
    log_in(&mut visitor, &ana).await;
    assert_restored(&visitor);
}

#[tokio::test]
async fn somebody_else_on_the_same_browser_gets_nothing_of_it() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let mut visitor = ended(&app, &ana).await;
    visitor.send("Save", &TYPED).await;
    log_in(&mut visitor, &bob).await;
    let page = visitor.page();
    assert_eq!(page.path(), "/profile/edit");
    assert!(!page.has(NOTE));
    assert_eq!(page.field("Bio").value, "");
}

#[tokio::test]
async fn it_is_kept_for_half_an_hour() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = ended(&app, &ana).await;
    visitor.send("Save", &TYPED).await;
    app.clock.advance(Duration::minutes(31));
    log_in(&mut visitor, &ana).await;
    assert!(!visitor.page().has(NOTE));
}

#[tokio::test]
async fn forms_that_are_not_ours_or_too_long_are_not_kept() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = ended(&app, &ana).await;
    let long = "ä".repeat(3_000);
    let page = visitor.send("Save", &[("Bio", &long)]).await;
    assert_eq!(page.path(), "/login");
    assert!(visitor.cookie("draft").is_none());
    let mut visitor = ended(&app, &ana).await;
    visitor.jar.keep_only(&[]);
    assert_eq!(visitor.send("Save", &TYPED).await.path(), "/login");
    assert!(visitor.cookie("draft").is_none());
    // The longest that a profile takes fits.
    let mut visitor = ended(&app, &ana).await;
    let (name, bio) = ("\u{1f600}".repeat(100), "\u{1f600}".repeat(300));
    let longest = [("Display name", name.as_str()), ("Bio", bio.as_str())];
    visitor.send("Save", &longest).await;
    assert!(visitor.cookie("draft").unwrap().value.len() <= 3_000);
    log_in(&mut visitor, &ana).await;
    assert_eq!(visitor.page().field("Bio").value, bio);
}

#[tokio::test]
async fn a_press_on_follow_leads_back_to_its_page() {
    let app = TestApp::start().await;
    let [ana, _bob] = app.people(["ana", "bob"]).await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/@bob").await;
    let mut again = visitor.clone();
    for jar in [&mut visitor.jar, &mut again.jar] {
        jar.keep_only(&["csrf"]);
    }
    let page = visitor.press("Follow").await;
    assert_eq!(page.path(), "/login");
    log_in(&mut visitor, &ana).await;
    assert_eq!(visitor.page().path(), "/@bob");
    assert!(visitor.page().has_button("Follow"));
    let answer = again.htmx("Follow", &[]).await;
    let to = answer.header("hx-redirect").unwrap();
    assert!(to.starts_with("/login?next=%2F%40bob"), "{to}");
}
