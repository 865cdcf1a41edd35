//! USER-STORY-001, USER-BE-001.1, USER-BE-001.2: registering over JSON.

use crate::support::{Mode, PASSWORD, TestApp, assert_keys};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

fn ana() -> Value {
    json!({ "email": "ana@example.org", "username": "ana", "password": PASSWORD })
}

#[tokio::test]
async fn user_be_001_1_s1_valid_payload_creates_user() {
    let app = TestApp::start().await;
    let answer = app.api().post("/auth/register", ana()).await.expect(201);
    let body = answer.json();
    assert_keys(&body, "id username email created_at");
    assert_eq!(body["username"], "ana");
    assert_eq!(body["email"], "ana@example.org");
    let id = body["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), Some(&*format!("/users/{id}")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let created = body["created_at"].as_str().unwrap();
    assert!(created.ends_with('Z'), "{created}");
    let age = OffsetDateTime::now_utc() - OffsetDateTime::parse(created, &Rfc3339).unwrap();
    assert!(age.whole_seconds().abs() < 60);

    let db = app.db().await;
    let row = db
        .query_one(
            "select id::text, username, email, password_hash, email_verified, roles, created_at
             from users.users",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), id);
    assert_eq!(row.get::<_, &str>(1), "ana");
    assert_eq!(row.get::<_, &str>(2), "ana@example.org");
    let hash: &str = row.get(3);
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    assert!(!row.get::<_, bool>(4));
    assert_eq!(row.get::<_, Vec<String>>(5), ["user"]);
    assert_eq!(
        row.get::<_, OffsetDateTime>(6).format(&Rfc3339).unwrap(),
        created
    );
}

#[tokio::test]
async fn user_be_001_1_s1_the_hash_is_bcrypt_where_that_is_configured() {
    let app = TestApp::with(&[("PASSWORD_HASHER", "bcrypt")]).await;
    app.api().post("/auth/register", ana()).await.expect(201);
    let hash: String = app
        .value("select password_hash from users.users", &[])
        .await;
    assert!(hash.starts_with("$2b$12$"), "{hash}");
}

#[tokio::test]
async fn bcrypt_never_cuts_a_long_password() {
    let app = TestApp::with(&[
        ("PASSWORD_HASHER", "bcrypt"),
        ("REQUIRE_VERIFIED_EMAIL", "false"),
    ])
    .await;
    let long = "x".repeat(80);
    let mut body = ana();
    body["password"] = json!(format!("{long}1"));
    app.api().post("/auth/register", body).await.expect(201);
    let hash: String = app
        .value("select password_hash from users.users", &[])
        .await;
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    let other_end = json!({ "email": "ana@example.org", "password": format!("{long}2") });
    app.api()
        .post("/auth/login", other_end)
        .await
        .error(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn user_be_001_1_s2_duplicate_email_returns_409() {
    let app = TestApp::start().await;
    app.api().post("/auth/register", ana()).await.expect(201);
    let again = json!({ "email": "ANA@Example.ORG", "username": "other", "password": PASSWORD });
    let error = app
        .api()
        .post("/auth/register", again)
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");
    assert_eq!(error["message"], "This email is already registered");
    assert_eq!(app.count("users").await, 1);
    assert_eq!(app.count("outbox").await, 1);
}

#[tokio::test]
async fn a_duplicate_username_returns_409_whatever_its_case() {
    let app = TestApp::start().await;
    app.api().post("/auth/register", ana()).await.expect(201);
    let again = json!({ "email": "bo@example.org", "username": "AnA", "password": PASSWORD });
    app.api()
        .post("/auth/register", again)
        .await
        .error(409, "USERNAME_ALREADY_EXISTS");
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn with_both_taken_the_email_is_named() {
    let app = TestApp::start().await;
    app.people(["ana", "bob"]).await;
    let both = json!({ "email": "ana@example.org", "username": "bob", "password": PASSWORD });
    app.api()
        .post("/auth/register", both)
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");
}

#[tokio::test]
async fn user_story_001_s1_registration_creates_a_record_and_dispatches_a_mail() {
    let app = TestApp::start().await;
    let answer = app.api().post("/auth/register", ana()).await.expect(201);
    assert_eq!(app.count("users").await, 1);
    let mail = app.sink.mail_to("ana@example.org").await;
    assert!(
        mail.link()
            .starts_with(&format!("{}/verify?token=", app.public_url()))
    );
    let profile = app
        .api()
        .get(answer.header("location").unwrap())
        .await
        .expect(200)
        .json();
    assert_eq!(profile["username"], "ana");
}

#[tokio::test]
async fn user_story_001_s2_a_duplicate_email_is_rejected_and_nothing_is_created() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let again = json!({ "email": "ana@example.org", "username": "ana2", "password": PASSWORD });
    app.api()
        .post("/auth/register", again)
        .await
        .error(409, "EMAIL_ALREADY_EXISTS");
    assert_eq!(app.count("users").await, 1);
    assert_eq!(app.count("users where username = 'ana2'").await, 0);
}

#[tokio::test]
async fn user_story_001_s3_invalid_input_is_rejected_field_by_field() {
    let app = TestApp::start().await;
    let bad = json!({ "email": "notanemail", "username": "a!", "password": "short" });
    let error = app
        .api()
        .post("/auth/register", bad)
        .await
        .invalid("email username password");
    assert_eq!(error["fields"][0]["message"], "Enter a valid email address");
    assert_eq!(app.count("users").await, 0);
    assert_eq!(app.count("outbox").await, 0);
}

#[tokio::test]
async fn user_be_001_2_s1_a_verification_mail_is_sent_on_registration() {
    let app = TestApp::start().await;
    app.api().post("/auth/register", ana()).await.expect(201);
    let mail = app.sink.mail_to("ana@example.org").await;
    let verified = "select email_verified from users.users";
    assert!(!app.value::<bool>(verified, &[]).await);
    let mut visitor = app.visitor();
    visitor.open(&mail.link()).await;
    assert!(
        !app.value::<bool>(verified, &[]).await,
        "opening the link changes nothing"
    );
    visitor.press("Verify email address").await;
    assert!(app.value::<bool>(verified, &[]).await);
    assert_eq!(app.sink.mails_to("ana@example.org").len(), 1);
}

#[tokio::test]
async fn user_infra_001_3_s1_an_unreachable_provider_does_not_fail_the_registration() {
    let app = TestApp::start().await;
    app.sink.set(Mode::Down);
    app.api().post("/auth/register", ana()).await.expect(201);
    assert_eq!(app.count("users").await, 1);
    let tried = || async {
        let attempts: i32 = app.value("select attempts from users.outbox", &[]).await;
        (attempts > 0).then_some(())
    };
    crate::support::eventually("the provider was tried", tried).await;
    assert_eq!(app.count("users").await, 1);
    app.sink.set(Mode::Up);
    let mail = app.sink.mail_to("ana@example.org").await;
    let token = json!({ "token": mail.token() });
    app.api().post("/auth/verify", token).await.expect(200);
}
