//! The field rules of a registration, and names that come free again.

use crate::support::{PASSWORD, TestApp};
use serde_json::{Value, json};
use time::Duration;

fn body(email: &str, username: &str, password: &str) -> Value {
    json!({ "email": email, "username": username, "password": password })
}

#[tokio::test]
async fn every_broken_rule_names_its_field() {
    let app = TestApp::start().await;
    let api = app.api();
    let long_mail = format!("{}@{}.org", "l".repeat(64), "d".repeat(190));
    let cases = [
        ("", "ana", PASSWORD, "email"),
        ("ana@localhost", "ana", PASSWORD, "email"),
        (
            "ana@example.org\r\nBcc: b@example.org",
            "ana",
            PASSWORD,
            "email",
        ),
        ("ana\0@example.org", "ana", PASSWORD, "email"),
        (&long_mail, "ana", PASSWORD, "email"),
        ("ana@example.org", "an", PASSWORD, "username"),
        ("ana@example.org", &"a".repeat(31), PASSWORD, "username"),
        ("ana@example.org", "_ana", PASSWORD, "username"),
        ("ana@example.org", "ana.", PASSWORD, "username"),
        ("ana@example.org", "a na", PASSWORD, "username"),
        ("ana@example.org", "../ana", PASSWORD, "username"),
        ("ana@example.org", "an\0a", PASSWORD, "username"),
        ("ana@example.org", "\u{202e}ana", PASSWORD, "username"),
        ("ana@example.org", "\u{ff41}na", PASSWORD, "username"),
        ("ana@example.org", "\u{430}na", PASSWORD, "username"),
        ("ana@example.org", "ana", "1234567", "password"),
        ("ana@example.org", "ana", &"é".repeat(257), "password"),
        ("ana@example.org", "ana", "ana@example.org", "password"),
        ("ana@example.org", "ana_from_x", "ana_from_x", "password"),
        ("ana@example.org", "ana", "password123", "password"),
        ("ana@example.org", "ana", "qwertyuiop", "password"),
    ];
    for (email, username, password, field) in cases {
        let answer = api
            .post("/auth/register", body(email, username, password))
            .await;
        answer.invalid(field);
    }
    assert_eq!(app.count("users").await, 0);
}

#[tokio::test]
async fn reserved_names_are_refused_whatever_their_case() {
    let app = TestApp::start().await;
    let ours = [
        "admin",
        "root",
        "support",
        "auth",
        "users",
        "health",
        "livez",
        "metrics",
        "docs",
        "avatars",
        "register",
        "login",
        "logout",
        "verify",
        "timeline",
        "profile",
        "static",
        "openapi.json",
        "ADMIN",
        "Support",
    ];
    for name in ours {
        let answer = app
            .api()
            .post("/auth/register", body("a@example.org", name, PASSWORD))
            .await;
        answer.invalid("username");
    }
    // Reserved too, and too short besides.
    app.api()
        .post("/auth/register", body("a@example.org", "me", PASSWORD))
        .await
        .invalid("username");
}

#[tokio::test]
async fn the_limits_themselves_are_allowed() {
    let app = TestApp::start().await;
    let longest = format!(
        "{}@{}.{}.{}.org",
        "l".repeat(64),
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(57)
    );
    assert_eq!(longest.len(), 254);
    let good = [
        (longest.as_str(), "abc", "8charact"),
        (
            "x+tag@sub.example.co.uk",
            &"a".repeat(30),
            &"🦀".repeat(256),
        ),
        ("o'hara@example.org", "A.b_9", "        x"),
    ];
    for (email, username, password) in good {
        app.api()
            .post("/auth/register", body(email, username, password))
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn missing_null_and_mistyped_fields_are_all_named() {
    let app = TestApp::start().await;
    for bad in [
        json!({}),
        json!({ "email": null, "username": null, "password": null }),
        json!({ "email": 1, "username": ["ana"], "password": { "a": 1 } }),
        json!({ "email": true, "username": 1.5, "password": false }),
    ] {
        app.api()
            .post("/auth/register", bad)
            .await
            .invalid("email username password");
    }
}

#[tokio::test]
async fn validation_comes_before_conflicts() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let answer = app
        .api()
        .post("/auth/register", body("ana@example.org", "ana", "short"))
        .await;
    answer.invalid("password");
}

#[tokio::test]
async fn space_around_an_email_is_not_part_of_it_and_unknown_keys_are_ignored() {
    let app = TestApp::start().await;
    let mut typed = body("  Ana@Example.org\t", "ana", PASSWORD);
    typed["email_verified"] = json!(true);
    typed["id"] = json!("00000000-0000-0000-0000-000000000000");
    let made = app
        .api()
        .post("/auth/register", typed)
        .await
        .expect(201)
        .json();
    assert_eq!(made["email"], "Ana@Example.org");
    assert_ne!(made["id"], "00000000-0000-0000-0000-000000000000");
    assert!(
        !app.value::<bool>("select email_verified from users.users", &[])
            .await
    );
}

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    let typed = body("ana@example.org", "ana", "cafe\u{301} latte");
    app.api().post("/auth/register", typed).await.expect(201);
    let composed = json!({ "email": "ana@example.org", "password": "caf\u{e9} latte" });
    app.api().post("/auth/login", composed).await.expect(200);
}

#[tokio::test]
async fn an_unverified_account_lets_go_of_its_names_24_hours_after_its_last_link() {
    let app = TestApp::start().await;
    let first = app.unverified("ana").await;
    app.sink.mail_to(&first.email).await;
    app.clock.advance(Duration::hours(23));
    let same = || body("ana@example.org", "ana", PASSWORD);
    app.api()
        .post("/auth/register", same())
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");

    // Another link, another 24 hours.
    let email = json!({ "email": "ana@example.org" });
    app.api()
        .post("/auth/verify/resend", email)
        .await
        .expect(202);
    app.sink.nth_mail_to(&first.email, 2).await;
    app.mails_are_out().await;
    app.clock.advance(Duration::hours(23));
    app.api()
        .post("/auth/register", same())
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");

    app.clock.advance(Duration::hours(1) + Duration::seconds(5));
    let made = app
        .api()
        .post("/auth/register", same())
        .await
        .expect(201)
        .json();
    assert_ne!(made["id"], first.id.to_string());
    assert_eq!(app.count("users").await, 1);
    app.api()
        .get(&first.api(""))
        .await
        .error(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn a_verified_account_keeps_its_names_for_ever() {
    let app = TestApp::start().await;
    app.person("ana").await;
    app.clock.advance(Duration::days(400));
    let same = body("ana@example.org", "ana", PASSWORD);
    app.api()
        .post("/auth/register", same)
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");
}
