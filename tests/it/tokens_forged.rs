//! Tokens that somebody made up.

use crate::support::{KEY, Person, TestApp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use time::Duration;
use users_service::crypto::keys;

/// The claims of a good token, and the `kid` of the key that signs it.
fn good(person: &Person) -> (Value, String) {
    let part = |n: usize| {
        let text = person.token.split('.').nth(n).unwrap();
        serde_json::from_slice::<Value>(&BASE64.decode(text).unwrap()).unwrap()
    };
    (part(1), part(0)["kid"].as_str().unwrap().to_owned())
}

fn header(kid: &str) -> Header {
    let mut header = Header::new(Algorithm::RS256);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(kid.to_owned());
    header
}

fn signed(header: &Header, claims: &Value, pem: &str) -> String {
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

async fn refused(app: &TestApp, what: &str, authorization: &str) {
    let request = app
        .api()
        .request("GET", "/users/me")
        .header("Authorization", authorization);
    let answer = request.send().await;
    assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    answer.error(401, "UNAUTHENTICATED");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
}

#[tokio::test]
async fn a_token_that_was_accepted_lends_its_good_name_to_no_other() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for _ in 0..2 {
        app.api().of(&ana).get("/users/me").await.expect(200);
    }
    let (rest, last) = ana.token.split_at(ana.token.len() - 1);
    for letter in ["A", "Q", "g", "w"].into_iter().filter(|l| *l != last) {
        let changed = format!("Bearer {rest}{letter}");
        refused(&app, "the last letter", &changed).await;
        refused(&app, "the last letter, again", &changed).await;
    }
    // It goes on being good, until its time is over.
    app.api().of(&ana).get("/users/me").await.expect(200);
    app.clock.advance(Duration::seconds(906));
    refused(&app, "too old", &format!("Bearer {}", ana.token)).await;
}

#[tokio::test]
async fn wrong_claims_are_refused() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    ana.session.open().await;
    let (claims, kid) = good(&ana);
    let same = signed(&header(&kid), &claims, &KEY);
    app.api().bearer(&same).get("/users/me").await.expect(200);
    let now = app.clock.now().unix_timestamp();
    for (claim, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", app.public_url()))),
        ("iss", Value::Null),
        ("aud", json!("another-network")),
        ("aud", json!(["another-network"])),
        ("aud", Value::Null),
        ("exp", json!(now - 6)),
        ("exp", json!(0)),
        ("exp", json!("tomorrow")),
        ("exp", Value::Null),
        ("sub", Value::Null),
        ("user_id", json!("not an id")),
        ("user_id", json!(1)),
    ] {
        let mut forged = claims.clone();
        if value.is_null() {
            forged.as_object_mut().unwrap().remove(claim);
        } else {
            forged[claim] = value.clone();
        }
        let token = signed(&header(&kid), &forged, &KEY);
        refused(
            &app,
            &format!("{claim}: {value}"),
            &format!("Bearer {token}"),
        )
        .await;
    }
}

#[tokio::test]
async fn wrong_headers_are_refused() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let (claims, kid) = good(&ana);
    for (what, change) in [
        (
            "typ JWT",
            (|h: &mut Header| h.typ = Some("JWT".into())) as fn(&mut Header),
        ),
        ("no typ", |h| h.typ = None),
        ("unknown kid", |h| h.kid = Some("unknown".into())),
        ("no kid", |h| h.kid = None),
        ("kid as a path", |h| h.kid = Some("../../dev/null".into())),
        ("jku", |h| {
            h.kid = Some("theirs".into());
            h.jku = Some("https://evil.example/jwks.json".into());
        }),
    ] {
        let mut forged = header(&kid);
        change(&mut forged);
        let token = signed(&forged, &claims, &KEY);
        refused(&app, what, &format!("Bearer {token}")).await;
    }
    let mut other = header(&kid);
    other.alg = Algorithm::RS512;
    refused(
        &app,
        "RS512",
        &format!("Bearer {}", signed(&other, &claims, &KEY)),
    )
    .await;
}

#[tokio::test]
async fn wrong_signatures_are_refused() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let (mut claims, kid) = good(&ana);
    let theirs = keys::generate_private_key().unwrap();
    refused(
        &app,
        "another key",
        &format!("Bearer {}", signed(&header(&kid), &claims, &theirs)),
    )
    .await;

    let encode = |value: &Value| BASE64.encode(value.to_string());
    for alg in ["none", "None", "NONE", "nOnE"] {
        let head = encode(&json!({ "alg": alg, "typ": "at+jwt", "kid": kid }));
        for signature in ["", "AAAA"] {
            let token = format!("{head}.{}.{signature}", encode(&claims));
            refused(&app, alg, &format!("Bearer {token}")).await;
        }
    }
    // The public key taken for a shared secret.
    let jwks = app.api().get("/.well-known/jwks.json").await.text();
    let mut symmetric = header(&kid);
    symmetric.alg = Algorithm::HS256;
    let modulus: Value = serde_json::from_str(&jwks).unwrap();
    let modulus = modulus["keys"][0]["n"].as_str().unwrap();
    for secret in [
        jwks.as_bytes(),
        modulus.as_bytes(),
        &BASE64.decode(modulus).unwrap(),
    ] {
        let key = EncodingKey::from_secret(secret);
        let token = jsonwebtoken::encode(&symmetric, &claims, &key).unwrap();
        refused(&app, "HS256", &format!("Bearer {token}")).await;
    }

    let parts: Vec<_> = ana.token.split('.').collect();
    claims["roles"] = json!(["admin"]);
    let tampered = format!("{}.{}.{}", parts[0], encode(&claims), parts[2]);
    refused(&app, "tampered", &format!("Bearer {tampered}")).await;
    let cut = &ana.token[..ana.token.len() - 4];
    refused(&app, "cut", &format!("Bearer {cut}")).await;
}

#[tokio::test]
async fn what_is_no_bearer_token_is_refused() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    ana.session.open().await;
    let token = &ana.token;
    for odd in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token},{token}"),
        format!("Bearer {token}x"),
        format!("Bearer \"{token}\""),
        "Bearer a.b.c".to_owned(),
        "Bearer ...".to_owned(),
        format!("Bearer {}", "x".repeat(8_000)),
        "Basic YW5hOnBhc3N3b3Jk".to_owned(),
    ] {
        refused(&app, "odd", &odd).await;
    }
    let query = format!("/users/me?access_token={token}");
    app.api().get(&query).await.error(401, "UNAUTHENTICATED");
    let request = app.api().request("GET", "/users/me");
    let twice = request
        .header("Authorization", &format!("Bearer {token}"))
        .header("Authorization", "Bearer x");
    twice.send().await.error(401, "UNAUTHENTICATED");
    let lower = app.api().request("GET", "/users/me");
    lower
        .header("Authorization", &format!("bearer {token}"))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn endpoints_without_a_need_for_a_token_ignore_a_bad_one() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().bearer("nonsense");
    for path in [
        ana.api(""),
        "/users?username=ana".to_owned(),
        "/health".to_owned(),
        "/@ana".to_owned(),
    ] {
        api.get(&path).await.expect(200);
    }
}
