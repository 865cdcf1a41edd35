//! Advice on a password while it is typed, and the rules of NIST SP 800-63B-4 for it.

use crate::support::{Page, TestApp};
use serde_json::json;

/// What htmx gets when this was typed into the registration form.
async fn advice(app: &TestApp, typed: &[(&str, &str)]) -> Page {
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    let mut form = visitor.form("Create account");
    for (label, text) in typed {
        form.fill(label, text);
    }
    visitor.htmx_type("Password", &form).await
}

#[tokio::test]
async fn it_says_in_plain_words_what_to_do() {
    let app = TestApp::start().await;
    for (typed, words) in [
        ("", ""),
        ("seven77", "Too short"),
        ("password123", "This is a common password"),
        ("fourteen chars", "Long enough"),
        (
            "correct horse battery",
            "Good: long passwords are hard to guess",
        ),
    ] {
        let part = advice(&app, &[("Password", typed)]).await;
        assert_eq!(part.status, 200);
        assert!(part.text().starts_with(words), "{typed}: {}", part.text());
        assert!(typed.is_empty() || !part.html().contains(typed));
        assert_eq!(part.header("cache-control"), Some("no-store"));
    }
    let same = [("Username", "ana_from_x"), ("Password", "Ana_From_X")];
    let part = advice(&app, &same).await;
    part.shows("your email address or username");
}

#[tokio::test]
async fn it_stands_beside_every_field_for_a_new_password() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    visitor.open("/settings/password").await;
    for (typed, words) in [
        ("password123", "This is a common password"),
        (ana.email.as_str(), "your email address or username"),
    ] {
        let mut form = visitor.form("Change password");
        form.fill("New password", typed);
        visitor.htmx_type("New password", &form).await.shows(words);
    }
}

#[tokio::test]
async fn it_hashes_nothing_and_stores_nothing() {
    let app = TestApp::start().await;
    let before = app.dump().await;
    let db = app.db().await;
    db.batch_execute("begin; lock table users.users in access exclusive mode")
        .await
        .unwrap();
    advice(&app, &[("Password", "correct horse battery")]).await;
    db.batch_execute("rollback").await.unwrap();
    assert_eq!(app.dump().await, before);
    assert_eq!(app.app.passwords.in_flight(), 0);
}

#[tokio::test]
async fn a_form_of_another_site_gets_none() {
    let app = TestApp::start().await;
    let body = "password=correct+horse+battery";
    let call = app.api().request("POST", "/password/advice");
    let kind = "application/x-www-form-urlencoded";
    let answer = call.body(kind, body).send().await.expect(200);
    assert!(answer.text().trim().is_empty(), "{}", answer.text());
}

#[tokio::test]
async fn the_field_is_the_same_wherever_a_password_is_chosen() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let link = format!(
        "/reset-password?token={}",
        app.reset_token(&ana.email).await
    );
    let mut visitor = app.visitor();
    let one = visitor.open("/register").await.field("Password");
    let other = visitor.open(&link).await.field("Password");
    assert_eq!(one.attributes, other.attributes);
    assert_eq!(one.description, other.description);
    // Pasting and long passwords are not hindered.
    for hindrance in ["onpaste", "maxlength", "pattern", "readonly", "title"] {
        assert_eq!(one.attr(hindrance), None, "{hindrance}");
    }
    let status = visitor.page().one("#password-advice");
    assert_eq!(status.attr("role"), Some("status"));
}

#[tokio::test]
async fn length_counts_and_composition_does_not() {
    let app = TestApp::start().await;
    let longest = "é".repeat(256);
    for (n, password) in [
        "alllowercaseletters",
        "0918273645501928",
        "        spaces        ",
        "пароль-из-слов",
        "🦀🐍🐘🦊🐝🦉🐢🦋",
        longest.as_str(),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("user{n}@example.org");
        let body = json!({ "email": email, "username": format!("user{n}"), "password": password });
        let made = app.api().post("/auth/register", body).await;
        made.expect(201);
    }
}
