//! Verifying an e-mail address over JSON, and asking for the link again.

use crate::support::{TestApp, assert_keys};
use serde_json::{Value, json};
use time::Duration;

fn token(token: &str) -> Value {
    json!({ "token": token })
}

#[tokio::test]
async fn the_token_of_the_mail_verifies_the_address_and_goes_on_saying_so() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let link = token(&app.sink.mail_to(&ana.email).await.token());
    for _ in 0..2 {
        let answer = app
            .api()
            .post("/auth/verify", link.clone())
            .await
            .expect(200);
        assert_eq!(answer.json(), json!({ "email_verified": true }));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    app.clock.advance(Duration::days(3));
    app.api().post("/auth/verify", link).await.expect(200);
    assert_eq!(app.count("users where email_verified").await, 1);
}

#[tokio::test]
async fn a_link_works_for_24_hours() {
    let app = TestApp::start().await;
    let [ana, bo] = [app.unverified("ana").await, app.unverified("bob").await];
    let first = token(&app.sink.mail_to(&ana.email).await.token());
    let second = token(&app.sink.mail_to(&bo.email).await.token());
    app.clock
        .advance(Duration::hours(24) - Duration::seconds(30));
    app.api().post("/auth/verify", first).await.expect(200);
    app.clock.advance(Duration::seconds(31));
    app.api()
        .post("/auth/verify", second)
        .await
        .error(422, "INVALID_VERIFICATION_TOKEN");
    assert_eq!(app.count("users where email_verified").await, 1);
}

#[tokio::test]
async fn what_was_never_a_token_is_refused() {
    let app = TestApp::start().await;
    app.unverified("ana").await;
    for odd in [
        "",
        "x",
        "\0",
        "%00",
        "\u{202e}",
        &"A".repeat(43),
        &"A".repeat(10_000),
    ] {
        let answer = app.api().post("/auth/verify", token(odd)).await;
        answer.error(422, "INVALID_VERIFICATION_TOKEN");
    }
    for none in [json!({}), json!({ "token": null }), json!({ "token": 1 })] {
        app.api().post("/auth/verify", none).await.invalid("token");
    }
}

#[tokio::test]
async fn asking_again_is_always_202_and_tells_nothing() {
    let app = TestApp::start().await;
    app.unverified("ana").await;
    app.person("bob").await;
    let mut told = Vec::new();
    for email in [
        "ana@example.org",
        "bob@example.org",
        "nobody@example.org",
        "odd",
        "a\0@b.c",
    ] {
        let answer = app
            .api()
            .post("/auth/verify/resend", json!({ "email": email }))
            .await;
        let answer = answer.expect(202);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        told.push(answer.body);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
    app.api()
        .post("/auth/verify/resend", json!({}))
        .await
        .invalid("email");
    app.sink.nth_mail_to("ana@example.org", 2).await;
    assert!(app.sink.mails_to("bob@example.org").len() <= 1);
    assert!(app.sink.mails_to("nobody@example.org").is_empty());
}

#[tokio::test]
async fn older_links_are_good_until_one_is_used() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let first = app.sink.mail_to(&ana.email).await.token();
    let email = json!({ "email": " ANA@example.org " });
    app.api()
        .post("/auth/verify/resend", email.clone())
        .await
        .expect(202);
    let second = app.sink.nth_mail_to(&ana.email, 2).await.token();
    app.api()
        .post("/auth/verify/resend", email)
        .await
        .expect(202);
    let third = app.sink.nth_mail_to(&ana.email, 3).await.token();
    assert!(first != second && second != third);
    assert_eq!(app.count("email_verifications").await, 3);

    app.api()
        .post("/auth/verify", token(&second))
        .await
        .expect(200);
    for other in [first, third] {
        let answer = app.api().post("/auth/verify", token(&other)).await;
        answer.error(422, "INVALID_VERIFICATION_TOKEN");
    }
    app.api()
        .post("/auth/verify", token(&second))
        .await
        .expect(200);
}

#[tokio::test]
async fn only_the_hash_of_a_link_is_stored_and_it_is_committed_before_the_mail_leaves() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let mail = app.sink.mail_to(&ana.email).await;
    // The mail is here, so the row must be.
    let db = app.db().await;
    let row = db
        .query_one(
            "select token_hash, user_id, expires_at > now() from users.email_verifications",
            &[],
        )
        .await
        .unwrap();
    let hash = <sha2::Sha256 as sha2::Digest>::digest(mail.token().as_bytes());
    assert_eq!(row.get::<_, Vec<u8>>(0), hash.to_vec());
    assert_eq!(row.get::<_, uuid::Uuid>(1), ana.id);
    assert!(row.get::<_, bool>(2));
    assert!(!app.dump().await.contains(&mail.token()));
}

#[tokio::test]
async fn unknown_keys_are_ignored() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let body = json!({ "token": app.link_token(&ana).await, "user_id": 1, "more": [] });
    let verified = app
        .api()
        .post("/auth/verify", body)
        .await
        .expect(200)
        .json();
    assert_keys(&verified, "email_verified");
}
