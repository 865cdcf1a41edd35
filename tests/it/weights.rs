//! What a first visit weighs: a page with its stylesheet comes with the first flight of packets
//! of a connection, and what the scripts add is small. `bin/weights` prints the numbers.

use crate::support::{TestApp, Visitor};
use serde_json::json;

/// Ten packets: what a server may send before it hears from the browser again.
const FIRST_FLIGHT: usize = 14 * 1024;
/// The same with htmx and our own script.
const WITH_SCRIPTS: usize = 30 * 1024;

/// How many bytes of an address cross the line.
async fn weight(app: &TestApp, visitor: &Visitor, path: &str) -> usize {
    let call = app.api().request("GET", path);
    let call = call.header("Accept-Encoding", "br");
    let answer = match visitor.jar.header(path) {
        Some(cookies) => call.header("Cookie", &cookies).send().await,
        None => call.send().await,
    };
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-encoding"), Some("br"), "{path}");
    answer.body.len()
}

/// Insists that a page is light, and asks for nothing but styles, scripts and its icon.
async fn is_light(app: &TestApp, visitor: &mut Visitor, path: &str) {
    let page = visitor.open(path).await.clone();
    let mut first_flight = weight(app, visitor, path).await;
    for sheet in page.all("link[rel=stylesheet]") {
        first_flight += weight(app, visitor, sheet.attr("href").unwrap()).await;
    }
    assert!(first_flight <= FIRST_FLIGHT, "{path}: {first_flight}");
    let mut all = first_flight;
    for script in page.all("script") {
        all += weight(app, visitor, script.attr("src").unwrap()).await;
    }
    assert!(all <= WITH_SCRIPTS, "{path}: {all}");
    let fetched = "link:not([rel=stylesheet]):not([rel=icon]):not([rel=expect][href='#status'])";
    let others = format!("{fetched}, iframe, video, style, [style]");
    assert!(page.all(&others).is_empty(), "{path}");
}

#[tokio::test]
async fn a_first_visit_is_light() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    app.crowd(25, "fan").await;
    let body = json!({ "display_name": "Ana Banana", "bio": "Likes maps. ".repeat(20) });
    let edited = app.api().of(&ana).patch("/users/me", body).await;
    edited.expect(200);
    let mut stranger = app.visitor();
    for path in ["/", "/register", "/login", "/forgot-password", "/@ana"] {
        is_light(&app, &mut stranger, path).await;
    }
    let mut member = app.signed_in(&ana).await;
    for path in [
        "/timeline",
        "/profile/edit",
        "/@fan0001",
        "/settings",
        "/settings/delete",
        "/settings/devices",
        "/settings/email",
        "/settings/export",
        "/settings/history",
        "/settings/password",
        "/settings/username",
    ] {
        is_light(&app, &mut member, path).await;
    }
}
