//! Access tokens of sessions that ended, while they would still be in their time: nothing that is one's own
//! is shown or done for them.

use crate::{
    devices::LogIn,
    support::{Answer, Api, PASSWORD, Person, TestApp, multipart, png},
};
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("openapi.json");

/// Every route below `/users/me`, from the document of the API.
fn own_routes() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let own = paths
        .iter()
        .filter(|(path, _)| path.starts_with("/users/me"));
    let routes = own.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    routes.collect()
}

/// Asks a route for something that it would do.
async fn ask(api: &Api, method: &str, path: &str) -> Answer {
    let path = path.replace("{id}", "0198c0de-0000-7000-8000-000000000000");
    let call = api.request(method, &path);
    let call = match (method, path.as_str()) {
        ("GET" | "DELETE", _) => call,
        (_, "/users/me/avatar") => {
            let file = png(16, 16);
            let (boundary, body) = multipart(&[], Some(("avatar", "a.png", "image/png", &file)));
            call.body(&format!("multipart/form-data; boundary={boundary}"), body)
        }
        _ => call.json(
            &json!({ "bio": "hi", "email": "eve@example.org", "username": "eve",
            "current_password": PASSWORD, "password": "another horse battery" }),
        ),
    };
    call.send().await
}

async fn nothing_is_done_for(app: &TestApp, ended: &LogIn) {
    let routes = own_routes();
    assert!(routes.len() >= 14, "{routes:?}");
    let before = app.dump().await;
    for (method, path) in routes {
        let answer = ask(&ended.api, &method, &path).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        answer.error(401, "UNAUTHENTICATED");
    }
    assert_eq!(app.dump().await, before);
}

/// Somebody with a session that is to be ended, and the mails of that are out.
async fn logged_in(app: &TestApp) -> (Person, LogIn) {
    let ana = app.person("ana").await;
    let log_in = app.log_in_with(&ana, "curl/8").await;
    app.mails_are_out().await;
    (ana, log_in)
}

#[tokio::test]
async fn nothing_of_ones_own_after_a_log_out() {
    let app = TestApp::start().await;
    let (_, ended) = logged_in(&app).await;
    let out = app.api();
    let out = out.with_refresh_token("/auth/logout", &ended.refresh_token);
    out.await.expect(204);
    nothing_is_done_for(&app, &ended).await;
}

#[tokio::test]
async fn nothing_of_ones_own_after_the_owner_ended_the_session() {
    let app = TestApp::start().await;
    let (ana, ended) = logged_in(&app).await;
    let owner = app.log_in_with(&ana, "curl/8").await;
    owner.api.delete("/users/me/sessions").await.expect(204);
    nothing_is_done_for(&app, &ended).await;
}

#[tokio::test]
async fn nothing_of_ones_own_after_a_reset() {
    let app = TestApp::start().await;
    let (ana, ended) = logged_in(&app).await;
    let link = app.reset_token(&ana.email).await;
    let reset = json!({ "token": link, "password": "the owners new pass 1" });
    let reset = app.api().post("/auth/password/reset", reset).await;
    reset.expect(204);
    app.mails_are_out().await;
    nothing_is_done_for(&app, &ended).await;
}

#[tokio::test]
async fn nothing_of_ones_own_once_the_account_is_leaving() {
    let app = TestApp::start().await;
    let (_, ended) = logged_in(&app).await;
    ended.api.delete("/users/me").await.expect(202);
    app.mails_are_out().await;
    nothing_is_done_for(&app, &ended).await;
}
