//! The OpenAPI document: checked in, served, and true.

use crate::support::{Api, TestApp, png, run};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};
use users_service::domain::limit::RULES;

/// Every endpoint of the JSON API, from the contract.
const ENDPOINTS: &[(&str, &str)] = &[
    ("post", "/auth/register"),
    ("post", "/auth/verify"),
    ("post", "/auth/verify/resend"),
    ("post", "/auth/login"),
    ("post", "/auth/password/forgot"),
    ("post", "/auth/password/reset"),
    ("post", "/auth/refresh"),
    ("post", "/auth/logout"),
    ("get", "/auth/revocations"),
    ("get", "/users/me/sessions"),
    ("delete", "/users/me/sessions"),
    ("delete", "/users/me/sessions/{id}"),
    ("get", "/users/me/history"),
    ("get", "/users/me"),
    ("patch", "/users/me"),
    ("delete", "/users/me"),
    ("post", "/users/me/export"),
    ("put", "/users/me/avatar"),
    ("delete", "/users/me/avatar"),
    ("get", "/avatars/{name}"),
    ("put", "/users/me/email"),
    ("put", "/users/me/password"),
    ("put", "/users/me/username"),
    ("post", "/users/me/reauthenticate"),
    ("get", "/users/{id}"),
    ("get", "/users"),
    ("post", "/users/{id}/follow"),
    ("delete", "/users/{id}/follow"),
    ("get", "/users/{id}/followers"),
    ("get", "/users/{id}/followees"),
    ("get", "/health"),
    ("get", "/livez"),
    ("get", "/metrics"),
    ("get", "/.well-known/jwks.json"),
];

fn printed() -> String {
    let output = run(&["openapi"], &[]);
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_table_of_limits_names_operations_of_the_document() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let known: BTreeSet<_> = operations
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    for row in RULES {
        for operation in row.operations {
            assert!(known.contains(operation), "{}: {operation}", row.name);
        }
    }
}

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openapi.json");
    let printed = printed();
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == printed,
        "the API has changed: if that is meant, run with UPDATE_SNAPSHOT=1"
    );
}

#[tokio::test]
async fn the_service_gives_out_what_the_program_prints() {
    let app = TestApp::start().await;
    let served = app.api().get("/openapi.json").await.expect(200).json();
    let printed: Value = serde_json::from_str(&printed()).unwrap();
    assert_eq!(served, printed);
    assert!(served["openapi"].as_str().unwrap().starts_with("3."));
}

#[test]
fn every_endpoint_of_the_contract_is_documented_and_no_other() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let mut found = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if matches!(method.as_str(), "parameters" | "summary" | "description") {
                continue;
            }
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} comes twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            found.insert((method.clone(), path.clone()));
        }
    }
    let own = |(_, path): &(String, String)| !matches!(path.as_str(), "/openapi.json" | "/docs");
    found.retain(own);
    let expected: BTreeSet<_> = ENDPOINTS
        .iter()
        .map(|(m, p)| ((*m).to_owned(), (*p).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

/// A request to an operation with its parameters filled in.
async fn status_of(api: &Api, method: &str, path: &str, name: &str) -> (u16, Value) {
    let path = path
        .replace("{id}", &uuid::Uuid::nil().to_string())
        .replace("{name}", name);
    let answer = api.request(&method.to_uppercase(), &path).send().await;
    let kind = answer.header("content-type").unwrap_or_default();
    let body = if kind.starts_with("application/json") {
        answer.json()
    } else {
        Value::Null
    };
    (answer.status, body)
}

#[tokio::test]
async fn every_documented_operation_answers_as_documented() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let picture = app
        .api()
        .of(&ana)
        .upload(&png(8, 8))
        .await
        .expect(200)
        .json();
    let name = picture["avatar_url"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let document: Value = serde_json::from_str(&printed()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for api in [app.api(), app.api().of(&ana)] {
                let (status, body) = status_of(&api, method, path, &name).await;
                assert_ne!(status, 405, "{method} {path}");
                assert_ne!(body["error"]["code"], "NOT_FOUND", "{method} {path}");
                let responses = operation["responses"].as_object().unwrap();
                let documented = responses.contains_key(&status.to_string())
                    || responses.contains_key("default")
                    || responses.contains_key(&format!("{}XX", status / 100));
                assert!(
                    documented,
                    "{method} {path} answers {status}: {:?}",
                    responses.keys()
                );
            }
        }
    }
}

#[test]
fn schemas_have_exactly_the_keys_of_the_contract() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let keys: Vec<BTreeSet<&str>> = schemas
        .values()
        .filter_map(|schema| schema["properties"].as_object())
        .map(|properties| properties.keys().map(String::as_str).collect())
        .collect();
    for expected in [
        "id username email created_at",
        "access_token token_type expires_in",
        "email_verified",
        "id username email display_name bio avatar_url created_at follower_count followee_count",
        "display_name bio avatar_url",
        "avatar_url",
        "id username display_name avatar_url",
        "follower_id followee_id",
        "items page page_size has_next next_cursor",
        "code message fields",
        "field code message",
    ] {
        let expected: BTreeSet<_> = expected.split(' ').collect();
        assert!(keys.contains(&expected), "{expected:?} is not in {keys:?}");
    }
}
