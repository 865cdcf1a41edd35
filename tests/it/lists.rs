//! USER-STORY-005, USER-BE-005.1: followers and followees over JSON.

use crate::support::{Answer, Person, TestApp, assert_keys};
use serde_json::{Value, json};
use users_service::services::follows;
use uuid::Uuid;

impl TestApp {
    /// A person with this many followers; the last one is the newest.
    pub async fn followed_by(&self, count: usize) -> (Person, Vec<Uuid>) {
        let star = self.person("star").await;
        let crowd = self.crowd(count, "fan").await;
        for fan in &crowd {
            follows::follow(&self.app, *fan, star.id).await.unwrap();
        }
        (star, crowd)
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let items = answer.json()["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

fn newest_first(crowd: &[Uuid]) -> Vec<String> {
    crowd.iter().rev().map(Uuid::to_string).collect()
}

#[tokio::test]
async fn user_be_005_1_s1_followers_list_returned_paginated() {
    let app = TestApp::start().await;
    let (star, crowd) = app.followed_by(25).await;
    let expected = newest_first(&crowd);
    let api = app.api().of(&star);
    let first = api
        .get(&star.api("/followers?page=1&page_size=20"))
        .await
        .expect(200);
    let body = first.json();
    assert_keys(&body, "items page page_size has_next next_cursor");
    assert_eq!((&body["page"], &body["page_size"]), (&json!(1), &json!(20)));
    assert_eq!(body["has_next"], true);
    assert!(body["next_cursor"].is_string());
    for item in body["items"].as_array().unwrap() {
        assert_keys(item, "id username display_name avatar_url");
    }
    assert_eq!(ids(&first), expected[..20]);
    let second = api
        .get(&star.api("/followers?page=2&page_size=20"))
        .await
        .expect(200);
    assert_eq!(ids(&second), expected[20..]);
    let body = second.json();
    assert_eq!(
        (&body["has_next"], &body["next_cursor"]),
        (&json!(false), &Value::Null)
    );
    let beyond = api.get(&star.api("/followers?page=3")).await.expect(200);
    assert_eq!(beyond.json()["items"], json!([]));
    let default = api.get(&star.api("/followers")).await.expect(200);
    assert_eq!(default.json(), first.json());
}

#[tokio::test]
async fn user_be_005_1_s2_followees_contract_for_the_posts_service() {
    let app = TestApp::start().await;
    let [ana, bob, eve, posts] = app.people(["ana", "bob", "eve", "posts_reader"]).await;
    app.follow(&ana, &bob).await;
    app.follow(&ana, &eve).await;
    let answer = app
        .api()
        .of(&posts)
        .get(&ana.api("/followees"))
        .await
        .expect(200);
    assert_eq!(ids(&answer), [eve.id.to_string(), bob.id.to_string()]);
    assert_eq!(answer.json()["items"][0]["username"], "eve");
    app.api()
        .get(&ana.api("/followees"))
        .await
        .error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn user_story_005_s1_view_own_followers_list() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.follow(&bob, &ana).await;
    let answer = app
        .api()
        .of(&ana)
        .get(&ana.api("/followers"))
        .await
        .expect(200)
        .json();
    let bob = json!({ "id": bob.id, "username": "bob", "display_name": null, "avatar_url": null });
    assert_eq!(answer["items"], json!([bob]));
}

#[tokio::test]
async fn user_story_005_s2_view_own_followees_list() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.follow(&ana, &bob).await;
    let api = app.api().of(&ana);
    assert_eq!(
        ids(&api.get(&ana.api("/followees")).await),
        [bob.id.to_string()]
    );
    assert!(ids(&api.get(&ana.api("/followers")).await).is_empty());
}

#[tokio::test]
async fn user_story_005_s3_view_another_users_followers_list() {
    let app = TestApp::start().await;
    let [ana, bob, eve] = app.people(["ana", "bob", "eve"]).await;
    app.follow(&eve, &bob).await;
    let answer = app
        .api()
        .of(&ana)
        .get(&bob.api("/followers"))
        .await
        .expect(200);
    assert_eq!(ids(&answer), [eve.id.to_string()]);
}

#[tokio::test]
async fn a_cursor_walks_the_whole_list_each_person_once() {
    let app = TestApp::start().await;
    let (star, crowd) = app.followed_by(23).await;
    let api = app.api().of(&star);
    let mut seen = Vec::new();
    let mut path = star.api("/followers?page_size=5");
    loop {
        let answer = api.get(&path).await.expect(200);
        seen.extend(ids(&answer));
        let body = answer.json();
        let cursor = body["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(body["has_next"], json!(cursor.is_some()));
        let Some(cursor) = cursor else { break };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(cursor.bytes().all(plain), "{cursor}");
        path = star.api(&format!("/followers?page_size=5&cursor={cursor}"));
        let with_cursor = api.get(&path).await.expect(200).json();
        assert_eq!(with_cursor["page"], Value::Null);
        // Somebody new at the front moves nobody behind the cursor.
        let newcomer = app.crowd(1, &format!("late{}", seen.len())).await;
        follows::follow(&app.app, newcomer[0], star.id)
            .await
            .unwrap();
    }
    assert_eq!(seen, newest_first(&crowd));
}

#[tokio::test]
async fn odd_parameters_are_named_all_at_once() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let odd = [
        "0",
        "-1",
        "+1",
        "10001",
        "1e9",
        "9223372036854775808",
        "0x10",
        "%EF%BC%91",
        "a",
        "",
        "1.0",
        "%00",
        "1%20",
    ];
    for list in ["followers", "followees"] {
        for number in odd {
            for parameter in ["page", "page_size"] {
                let path = ana.api(&format!("/{list}?{parameter}={number}"));
                api.get(&path).await.invalid(parameter);
            }
        }
        for size in ["101", "1000"] {
            api.get(&ana.api(&format!("/{list}?page_size={size}")))
                .await
                .invalid("page_size");
        }
        for cursor in ["x", "", "AAAA", "%00", "%ff", &"A".repeat(5_000)] {
            api.get(&ana.api(&format!("/{list}?cursor={cursor}")))
                .await
                .invalid("cursor");
        }
        let all = api
            .get(&ana.api(&format!("/{list}?page=0&page_size=0&cursor=x")))
            .await;
        all.invalid("page page_size cursor");
        api.get(&ana.api(&format!("/{list}?page=10000&page_size=100")))
            .await
            .expect(200);
        api.get(&ana.api(&format!("/{list}?page_size=1")))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn the_lists_of_nobody_are_404() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let nobody = Uuid::new_v4();
    for path in [
        format!("/users/{nobody}/followers"),
        format!("/users/{nobody}/followees"),
        "/users/ana/followers".to_owned(),
        "/users/me/followers".to_owned(),
    ] {
        app.api()
            .of(&ana)
            .get(&path)
            .await
            .error(404, "USER_NOT_FOUND");
    }
    app.api()
        .get(&ana.api("/followers"))
        .await
        .error(401, "UNAUTHENTICATED");
}
