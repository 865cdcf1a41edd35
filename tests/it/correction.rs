//! "Wrong address?" on the page after registering.

use crate::support::{PASSWORD, Page, TestApp, Visitor};
use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

const CORRECT: &str = "Send to this address";
const WRONG: &str = "ana@exmaple.org";
const RIGHT: &str = "ana@example.org";

/// Somebody who has just registered with a mistyped address.
async fn registered(app: &TestApp) -> Visitor {
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    let typed = [
        ("Email", WRONG),
        ("Username", "ana"),
        ("Password", PASSWORD),
    ];
    visitor.send("Create account", &typed).await;
    visitor
}

async fn correct(visitor: &mut Visitor, email: &str) -> Page {
    visitor.send(CORRECT, &[("Email", email)]).await.clone()
}

async fn verify(app: &TestApp, token: &str) -> u16 {
    let body = json!({ "token": token });
    app.api().post("/auth/verify", body).await.status
}

#[tokio::test]
async fn the_new_address_gets_its_link_and_the_old_link_ends() {
    let app = TestApp::start().await;
    let mut visitor = registered(&app).await;
    let old = app.sink.mail_to(WRONG).await.token();
    let page = visitor.page();
    page.shows("Wrong address?");
    assert_eq!(page.field("Email").value, WRONG);
    let page = correct(&mut visitor, RIGHT).await;
    assert_eq!(page.redirects, [(303, "/register/done".to_owned())]);
    page.shows(RIGHT);
    assert_eq!(verify(&app, &old).await, 422);
    let new = app.sink.mail_to(RIGHT).await.token();
    assert_eq!(verify(&app, &new).await, 200);
    let typed = json!({ "email": RIGHT, "password": PASSWORD });
    app.api().post("/auth/login", typed).await.expect(200);
}

#[tokio::test]
async fn a_link_that_leaves_late_for_the_old_address_proves_nothing() {
    let app = TestApp::start().await;
    let mut visitor = registered(&app).await;
    let old = app.sink.mail_to(WRONG).await.token();
    correct(&mut visitor, RIGHT).await;
    // The mail to the old address is tried again in this very moment.
    let hash = users_service::domain::Token::presented(&old).hash();
    let id: uuid::Uuid = app.value("select id from users.users", &[]).await;
    let (now, client) = (app.clock.now(), app.app.db.get().await.unwrap());
    let until = now + Duration::hours(24);
    let issue = users_service::storage::email_verifications::issue;
    issue(&client, &hash, id, WRONG, until, now).await.unwrap();
    assert_eq!(verify(&app, &old).await, 422);
}

#[tokio::test]
async fn what_is_wrong_with_the_new_address_is_told() {
    let app = TestApp::start().await;
    app.person("bob").await;
    let mut visitor = registered(&app).await;
    let page = correct(&mut visitor, "notanemail").await;
    assert_eq!(page.status, 422);
    assert!(page.field("Email").is_invalid());
    assert_eq!(page.field("Email").value, "notanemail");
    page.shows(WRONG);
    let page = correct(&mut visitor, "BOB@example.org").await;
    assert_eq!(page.status, 409);
    page.shows("This email is already registered");
    assert_eq!(app.count("users where email = 'ana@exmaple.org'").await, 1);
    assert_eq!(correct(&mut visitor, RIGHT).await.status, 200);
}

#[tokio::test]
async fn only_the_browser_that_registered_may_and_for_a_day() {
    let app = TestApp::start().await;
    let mut visitor = registered(&app).await;
    let cookie = visitor.cookie("registered").unwrap().clone();
    assert!(
        cookie.has("HttpOnly") && cookie.has("Max-Age=86400"),
        "{cookie:?}"
    );
    let mut other = visitor.clone();
    other.jar.keep_only(&["csrf", "mail_sent_to"]);
    assert_eq!(correct(&mut other, RIGHT).await.status, 404);
    assert!(!other.open("/register/done").await.has_button(CORRECT));
    app.clock
        .advance(Duration::hours(24) + Duration::seconds(1));
    assert_eq!(correct(&mut visitor, RIGHT).await.status, 404);
    assert_eq!(app.count("users where email = 'ana@exmaple.org'").await, 1);
}

#[tokio::test]
async fn once_it_is_verified_the_address_stays() {
    let app = TestApp::start().await;
    let mut visitor = registered(&app).await;
    let token = app.sink.mail_to(WRONG).await.token();
    assert_eq!(verify(&app, &token).await, 200);
    let page = correct(&mut visitor, RIGHT).await;
    assert_eq!(page.status, 422);
    page.shows("can't be changed here any more");
    assert_eq!(app.count("users where email = 'ana@exmaple.org'").await, 1);
}

#[tokio::test]
async fn corrections_and_registrations_at_once_give_an_address_to_one_account() {
    let app = TestApp::start().await;
    let first = registered(&app).await;
    let mut second = app.visitor();
    second.open("/register").await;
    let typed = [
        ("Email", "x@example.org"),
        ("Username", "bob"),
        ("Password", PASSWORD),
    ];
    second.send("Create account", &typed).await;
    let calls =
        [first, second].map(|mut visitor| async move { correct(&mut visitor, RIGHT).await.status });
    let new = json!({ "email": RIGHT, "username": "eve", "password": PASSWORD });
    let api = app.api();
    let (corrected, registered) = tokio::join!(join_all(calls), api.post("/auth/register", new));
    let mut statuses = corrected;
    statuses.push(if registered.status == 201 {
        200
    } else {
        registered.status
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
    assert_eq!(app.count("users where email = 'ana@example.org'").await, 1);
}
