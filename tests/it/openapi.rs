//! The OpenAPI document: checked in, served, and true.

use crate::support::{Api, TestApp, assert_reviewed, png, run};
use serde_json::Value;
use std::collections::BTreeSet;
use users_service::domain::limit::RULES;

fn printed() -> String {
    let output = run(&["openapi"], &[]);
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_document_is_as_reviewed() {
    assert_reviewed("tests/it/openapi.json", &printed());
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

#[tokio::test]
async fn the_service_gives_out_what_the_program_prints() {
    let app = TestApp::start().await;
    let served = app.api().get("/openapi.json").await.expect(200).json();
    let printed: Value = serde_json::from_str(&printed()).unwrap();
    assert_eq!(served, printed);
    assert!(served["openapi"].as_str().unwrap().starts_with("3."));
}

#[test]
fn every_operation_has_a_name_of_its_own_and_a_summary() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} comes twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
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
