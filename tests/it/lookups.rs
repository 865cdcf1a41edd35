//! Looking people up by handle and by ids, as the other services do.

use crate::support::{TestApp, png};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn an_exact_handle_finds_one_person_whatever_its_case() {
    let app = TestApp::start().await;
    let ana = app.person("Ana.B_9").await;
    app.person("ana.b_99").await;
    for name in ["Ana.B_9", "ana.b_9", "ANA.B_9"] {
        let found = app
            .api()
            .get(&format!("/users?username={name}"))
            .await
            .expect(200)
            .json();
        let person = json!({ "id": ana.id, "username": "Ana.B_9", "display_name": null, "avatar_url": null });
        assert_eq!(found, json!({ "items": [person] }));
    }
    for name in [
        "nobody",
        "ana",
        "ana.b",
        "%",
        "ana_b_9",
        "a%00b",
        "%ff",
        "%F0%9F%A6%80",
        "'--",
        "*",
    ] {
        let found = app.api().get(&format!("/users?username={name}")).await;
        if found.status == 200 {
            assert_eq!(found.json(), json!({ "items": [] }), "{name}");
        } else {
            assert!(
                matches!(found.status, 400 | 422),
                "{name}: {}",
                found.status
            );
        }
    }
}

#[tokio::test]
async fn ids_come_back_in_the_order_asked_each_once() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let picture = app
        .api()
        .of(&ana)
        .upload(&png(8, 8))
        .await
        .expect(200)
        .json();
    let unknown = Uuid::new_v4();
    let ids = format!(
        "{},{unknown},{},{}",
        bob.id,
        ana.id.to_string().to_uppercase(),
        bob.id
    );
    let found = app
        .api()
        .get(&format!("/users?ids={ids}"))
        .await
        .expect(200)
        .json();
    let ana = json!({ "id": ana.id, "username": "ana", "display_name": null, "avatar_url": picture["avatar_url"] });
    let bob = json!({ "id": bob.id, "username": "bob", "display_name": null, "avatar_url": null });
    assert_eq!(found, json!({ "items": [bob, ana] }));
}

#[tokio::test]
async fn two_hundred_ids_are_the_limit() {
    let app = TestApp::start().await;
    let crowd = app.crowd(200, "fan").await;
    let joined = |ids: &[Uuid]| {
        ids.iter()
            .map(Uuid::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    let found = app
        .api()
        .get(&format!("/users?ids={}", joined(&crowd)))
        .await
        .expect(200)
        .json();
    let ids: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["id"].clone())
        .collect();
    assert_eq!(
        ids,
        crowd.iter().map(|id| json!(id)).collect::<Vec<Value>>()
    );
    let more = format!("{},{}", joined(&crowd), Uuid::new_v4());
    app.api()
        .get(&format!("/users?ids={more}"))
        .await
        .invalid("ids");
}

#[tokio::test]
async fn malformed_ids_are_refused() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for bad in [
        "",
        "x",
        ",",
        &format!("{},", ana.id),
        &format!("{},x", ana.id),
        "%00",
        "1,2",
    ] {
        app.api()
            .get(&format!("/users?ids={bad}"))
            .await
            .invalid("ids");
    }
}

#[tokio::test]
async fn neither_or_both_parameters_are_refused() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    for query in [
        String::new(),
        "?".to_owned(),
        "?q=ana".to_owned(),
        format!("?username=ana&ids={}", ana.id),
    ] {
        let answer = app.api().get(&format!("/users{query}")).await;
        answer.error(422, "VALIDATION_FAILED");
    }
}

#[tokio::test]
async fn nobody_is_404_and_so_is_what_is_no_uuid() {
    let app = TestApp::start().await;
    app.person("ana").await;
    for id in [
        &Uuid::new_v4().to_string(),
        "1",
        "ana",
        "%00",
        "%ff",
        "..%2fme",
        "me%00",
        "null",
        "-1",
        &"0".repeat(3_000),
    ] {
        app.api()
            .get(&format!("/users/{id}"))
            .await
            .error(404, "USER_NOT_FOUND");
    }
}

#[tokio::test]
async fn an_unverified_account_is_found_by_its_id() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    app.api().get(&ana.api("")).await.expect(200);
}
