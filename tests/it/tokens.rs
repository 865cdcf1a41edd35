//! Access tokens and the keys that others verify them with.

use crate::support::{KEY, PASSWORD, TestApp, assert_keys};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::Duration;
use users_service::crypto::keys;

/// Logs somebody in: the access token.
async fn token(app: &TestApp) -> String {
    app.person("ana").await;
    let typed = json!({ "email": "ana@example.org", "password": PASSWORD });
    app.api()
        .post("/auth/login", typed)
        .await
        .expect(200)
        .access_token()
}

/// Header and claims of a token, unverified.
fn parts(token: &str) -> (Value, Value) {
    let part = |n: usize| {
        let text = token.split('.').nth(n).unwrap();
        serde_json::from_slice(&BASE64.decode(text).unwrap()).unwrap()
    };
    (part(0), part(1))
}

async fn published(app: &TestApp) -> Vec<Value> {
    let keys = app
        .api()
        .get("/.well-known/jwks.json")
        .await
        .expect(200)
        .json();
    assert_keys(&keys, "keys");
    keys["keys"].as_array().unwrap().clone()
}

/// RFC 7638: the SHA-256 of the required members in alphabetical order.
fn thumbprint(key: &Value) -> String {
    let members = format!(
        r#"{{"e":{},"kty":{},"n":{}}}"#,
        key["e"], key["kty"], key["n"]
    );
    BASE64.encode(Sha256::digest(members))
}

#[tokio::test]
async fn a_token_says_what_the_contract_lists_and_nothing_else() {
    let app = TestApp::start().await;
    let token = token(&app).await;
    let (header, claims) = parts(&token);
    assert_keys(&header, "typ alg kid");
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("at+jwt"), &json!("RS256"))
    );
    assert_keys(&claims, "user_id email roles sub iss aud iat exp jti");
    let id: String = app.value("select id::text from users.users", &[]).await;
    assert_eq!(
        (&claims["user_id"], &claims["sub"]),
        (&json!(id), &json!(id))
    );
    assert_eq!(claims["email"], "ana@example.org");
    assert_eq!(claims["roles"], json!(["user"]));
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(app.public_url()), &json!("social-network"))
    );
    let (issued, expires) = (
        claims["iat"].as_i64().unwrap(),
        claims["exp"].as_i64().unwrap(),
    );
    assert_eq!(expires - issued, 900);
    assert!((issued - app.clock.now().unix_timestamp()).abs() < 30);
    assert!(claims["jti"].as_str().is_some_and(|id| id.len() >= 20));
}

#[tokio::test]
async fn others_verify_it_with_the_published_key_alone() {
    let app = TestApp::start().await;
    let token = token(&app).await;
    let keys = published(&app).await;
    assert_eq!(keys.len(), 1);
    let key = &keys[0];
    assert_keys(key, "kty n e kid alg use");
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&json!("RSA"), &json!("RS256"), &json!("sig"))
    );
    assert_eq!(key["kid"], thumbprint(key));
    assert_eq!(parts(&token).0["kid"], key["kid"]);
    let jwk: Jwk = serde_json::from_value(key.clone()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[app.public_url()]);
    validation.set_audience(&["social-network"]);
    let decoding = DecodingKey::from_jwk(&jwk).unwrap();
    jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
}

#[tokio::test]
async fn every_token_has_a_name_of_its_own() {
    let app = TestApp::start().await;
    let first = app.logged_in("ana").await;
    let second = app.refresh(&first).await.expect(200);
    let third = app.refresh(&second.refresh_token()).await.expect(200);
    assert_ne!(
        parts(&second.access_token()).1["jti"],
        parts(&third.access_token()).1["jti"]
    );
}

#[tokio::test]
async fn a_token_is_good_for_15_minutes() {
    let app = TestApp::start().await;
    let token = token(&app).await;
    let me = || async { app.api().bearer(&token).get("/users/me").await };
    app.clock.advance(Duration::seconds(890));
    me().await.expect(200);
    // Clocks may differ by 5 s at most.
    app.clock.advance(Duration::seconds(16));
    let answer = me().await;
    answer.error(401, "UNAUTHENTICATED");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

/// The public half of a private key as PEM.
fn public_pem(private: &str) -> String {
    use aws_lc_rs::{
        encoding::{AsDer, PublicKeyX509Der},
        rsa::KeyPair,
        signature::KeyPair as _,
    };
    let body: String = private
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = base64::prelude::BASE64_STANDARD.decode(body).unwrap();
    let pair = KeyPair::from_pkcs8(&der).unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let body = base64::prelude::BASE64_STANDARD.encode(public.as_ref());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

#[tokio::test]
async fn keys_rotate_without_signing_anybody_out() {
    let new = keys::generate_private_key().unwrap();
    let before = TestApp::start().await;
    let ana = before.person("ana").await;
    let retired = public_pem(&KEY);
    let settings = [
        ("JWT_PRIVATE_KEY", new.as_str()),
        ("JWT_RETIRED_PUBLIC_KEYS", &retired),
        ("PUBLIC_URL", before.public_url()),
        ("DATABASE_URL", before.database.url()),
    ];
    let after = TestApp::with(&settings).await;
    let old = published(&before).await;
    let both = published(&after).await;
    assert_eq!(both.len(), 2);
    assert!(both.contains(&old[0]));
    after.api().of(&ana).get("/users/me").await.expect(200);
    let typed = json!({ "email": ana.email, "password": PASSWORD });
    let token = after
        .api()
        .post("/auth/login", typed)
        .await
        .expect(200)
        .access_token();
    assert_ne!(parts(&token).0["kid"], old[0]["kid"]);
    before
        .api()
        .bearer(&token)
        .get("/users/me")
        .await
        .error(401, "UNAUTHENTICATED");
}
