//! `users-service keys rotate`: the next key is known before it signs, and no token is refused.

use crate::support::{KEY, Mode, PASSWORD, TestApp, run};
use serde_json::json;
use std::{
    fs::{self, File},
    path::Path,
    process::Output,
    time::{Duration, SystemTime},
};

/// The next step of a rotation.
pub fn rotate(file: &Path) -> Output {
    run(
        &["keys", "rotate"],
        &[("JWT_PRIVATE_KEY", file.to_str().unwrap())],
    )
}

/// Makes a file look as if it had been written a while ago.
pub fn age(file: &str, minutes: u64) {
    let then = SystemTime::now() - Duration::from_mins(minutes);
    File::options()
        .append(true)
        .open(file)
        .unwrap()
        .set_modified(then)
        .unwrap();
}

async fn token(app: &TestApp) -> String {
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    let answer = app.api().post("/auth/login", typed).await;
    answer.expect(200).access_token()
}

async fn published(app: &TestApp) -> usize {
    let keys = app.api().get("/.well-known/jwks.json").await.json();
    keys["keys"].as_array().unwrap().len()
}

async fn is_accepted(app: &TestApp, token: &str) {
    let me = app.api().bearer(token).get("/users/me").await;
    me.expect(200);
}

#[tokio::test]
async fn a_rotation_refuses_no_token_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt.pem");
    fs::write(&file, KEY.as_str()).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let app = TestApp::with(&[("JWT_PRIVATE_KEY", &path)]).await;
    app.person("ana").await;
    let first = token(&app).await;
    assert_eq!(published(&app).await, 1);

    assert!(rotate(&file).status.success());
    let too_soon = rotate(&file);
    assert!(!too_soon.status.success());
    let said = String::from_utf8_lossy(&too_soon.stderr).into_owned();
    assert!(said.contains("try again in 10 minutes"), "{said}");
    let app = app.restart().await;
    assert_eq!(published(&app).await, 2, "the next key is known already");
    is_accepted(&app, &first).await;

    age(&format!("{path}.next"), 11);
    assert!(rotate(&file).status.success());
    // One replica has the new key, the other not yet: each accepts what the other signs.
    let fresh = app.replica().await;
    let second = token(&fresh).await;
    assert_ne!(kid(&first), kid(&second));
    for replica in [&app, &fresh] {
        is_accepted(replica, &first).await;
        is_accepted(replica, &second).await;
    }
    assert_eq!(published(&fresh).await, 2, "the former key is known still");

    age(&format!("{path}.retired"), 21);
    assert!(rotate(&file).status.success());
    let last = app.restart().await;
    last.api()
        .bearer(&first)
        .get("/users/me")
        .await
        .error(401, "UNAUTHENTICATED");
    is_accepted(&last, &second).await;
}

#[tokio::test]
async fn links_on_their_way_and_open_sessions_outlive_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt.pem");
    fs::write(&file, KEY.as_str()).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let app = TestApp::with(&[("JWT_PRIVATE_KEY", &path)]).await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.sink.set(Mode::Busy);
    app.asks_for(&mut visitor, "new@example.org").await;

    assert!(rotate(&file).status.success());
    age(&format!("{path}.next"), 11);
    assert!(rotate(&file).status.success());
    let app = app.restart().await;
    let tokens = app.count("refresh_tokens").await;
    visitor.open("/settings").await.shows("new@example.org");
    let renewed = app.count("refresh_tokens").await - tokens;
    assert_eq!(renewed, 0, "the browser's session is still good");

    app.sink.set(Mode::Up);
    let mail = app.sink.mail_to("new@example.org").await;
    visitor.open(&mail.link()).await;
    let page = visitor.press("Confirm email address").await;
    assert_eq!(page.h1(), "Your email address is changed");
}

#[test]
fn the_secret_of_a_key_in_the_environment_is_printed_for_the_next_one() {
    let printed = |environment: &[(&str, &str)]| {
        let output = run(&["keys", "secret"], environment);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let first = printed(&[("JWT_PRIVATE_KEY", &KEY)]);
    let next = users_service::crypto::keys::generate_private_key().unwrap();
    assert_ne!(printed(&[("JWT_PRIVATE_KEY", &next)]), first);
    let kept = [("JWT_PRIVATE_KEY", next.as_str()), ("SECRET_KEY", &first)];
    assert_eq!(printed(&kept), first);
    assert!(!run(&["keys", "secret"], &[]).status.success());
}

fn kid(token: &str) -> Option<String> {
    jsonwebtoken::decode_header(token).unwrap().kid
}

#[test]
fn a_key_in_the_environment_is_rotated_by_hand_and_the_command_says_how() {
    let output = run(&["keys", "rotate"], &[("JWT_PRIVATE_KEY", &KEY)]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("JWT_RETIRED_PUBLIC_KEYS") && !said.contains("BEGIN"),
        "{said}"
    );
}
