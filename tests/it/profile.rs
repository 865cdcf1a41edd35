//! USER-STORY-003, USER-BE-003: one's own profile over JSON.

use crate::support::{TestApp, assert_keys, png};
use serde_json::{Value, json};

const PROFILE: &str =
    "id username email display_name bio avatar_url created_at follower_count followee_count";

#[tokio::test]
async fn user_be_003_1_s1_own_profile_returned() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let answer = app.api().of(&ana).get("/users/me").await.expect(200);
    let me = answer.json();
    assert_keys(&me, PROFILE);
    assert_eq!(me["id"], ana.id.to_string());
    assert_eq!(
        (&me["username"], &me["email"]),
        (&json!("ana"), &json!("ana@example.org"))
    );
    for unset in ["display_name", "bio", "avatar_url"] {
        assert_eq!(me[unset], Value::Null);
    }
    assert_eq!(
        (&me["follower_count"], &me["followee_count"]),
        (&json!(0), &json!(0))
    );
    assert!(me["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        answer.header("cache-control"),
        Some("no-store"),
        "it is for one person only"
    );
}

#[tokio::test]
async fn user_be_003_1_s2_public_profile_returned_by_id() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let body = json!({ "display_name": "Ana", "bio": "secret?" });
    app.api()
        .of(&ana)
        .patch("/users/me", body)
        .await
        .expect(200);
    let public = app.api().get(&ana.api("")).await.expect(200).json();
    assert_eq!(
        public,
        json!({ "id": ana.id, "username": "ana", "display_name": "Ana", "avatar_url": null })
    );
    let upper = ana.id.to_string().to_uppercase();
    app.api().get(&format!("/users/{upper}")).await.expect(200);
}

#[tokio::test]
async fn user_be_003_2_s1_partial_update_applied() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let before = api.get("/users/me").await.json();
    let name = api
        .patch("/users/me", json!({ "display_name": " Ana B. " }))
        .await
        .expect(200);
    assert_keys(&name.json(), PROFILE);
    let bio = api
        .patch("/users/me", json!({ "bio": "Line 1\r\nLine 2" }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&bio["display_name"], &bio["bio"]),
        (&json!("Ana B."), &json!("Line 1\nLine 2"))
    );
    let picture = json!({ "avatar_url": "https://pictures.example/a.png" });
    let all = api
        .patch("/users/me", picture.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(all["avatar_url"], picture["avatar_url"]);
    assert_eq!(
        (&all["display_name"], &all["bio"]),
        (&json!("Ana B."), &json!("Line 1\nLine 2"))
    );
    for same in ["id", "username", "email", "created_at"] {
        assert_eq!(all[same], before[same]);
    }
    assert_eq!(api.get("/users/me").await.json(), all);
}

#[tokio::test]
async fn user_story_003_s2_successful_profile_update() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let both = json!({ "display_name": "Ana", "bio": "Hello" });
    let answer = app
        .api()
        .of(&ana)
        .patch("/users/me", both)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&answer["display_name"], &answer["bio"]),
        (&json!("Ana"), &json!("Hello"))
    );
    let row = "select display_name || '|' || bio from users.users";
    assert_eq!(app.value::<String>(row, &[]).await, "Ana|Hello");
}

#[tokio::test]
async fn absent_fields_are_untouched_null_and_blank_clear() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let full =
        json!({ "display_name": "Ana", "bio": "Hello", "avatar_url": "https://a.example/b" });
    let full = api.patch("/users/me", full).await.expect(200).json();
    assert_eq!(
        api.patch("/users/me", json!({})).await.expect(200).json(),
        full
    );
    let unknown = json!({ "username": "bob", "email": "b@example.org", "id": 1, "x": {} });
    assert_eq!(
        api.patch("/users/me", unknown).await.expect(200).json(),
        full
    );
    let cleared = json!({ "display_name": null, "bio": " \r\n ", "avatar_url": null });
    let cleared = api.patch("/users/me", cleared).await.expect(200).json();
    for field in ["display_name", "bio", "avatar_url"] {
        assert_eq!(cleared[field], Value::Null);
    }
}

#[tokio::test]
async fn lengths_are_counted_in_characters_and_crlf_is_one() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let name = "🦀".repeat(100);
    let bio = format!("{}\r\nb", "é".repeat(298));
    let longest = json!({ "display_name": name, "bio": bio });
    let kept = api.patch("/users/me", longest).await.expect(200).json();
    assert_eq!(kept["display_name"], name);
    assert_eq!(kept["bio"], bio.replace("\r\n", "\n"));
    let longer = json!({ "display_name": "🦀".repeat(101), "bio": "é".repeat(301) });
    api.patch("/users/me", longer)
        .await
        .invalid("display_name bio");
}

#[tokio::test]
async fn broken_rules_are_reported_at_once_and_nothing_is_written() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let before = api.get("/users/me").await.json();
    let all = "display_name bio avatar_url";
    let bad =
        json!({ "display_name": "a\u{0}b", "bio": "a\u{7}b", "avatar_url": "http://a.example" });
    api.patch("/users/me", bad).await.invalid(all);
    api.patch(
        "/users/me",
        json!({ "display_name": 1, "bio": [], "avatar_url": {} }),
    )
    .await
    .invalid(all);
    for (field, value) in [
        ("display_name", "two\nlines"),
        ("display_name", "tab\tbed"),
        ("display_name", "\u{202e}evil"),
        ("display_name", "a\u{85}b"),
        ("bio", "a\u{1b}[31m"),
    ] {
        let mut body = json!({ "bio": "fine" });
        body[field] = json!(value);
        api.patch("/users/me", body).await.invalid(field);
    }
    assert_eq!(api.get("/users/me").await.json(), before);
}

#[tokio::test]
async fn a_foreign_picture_has_a_plain_https_address() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let longest = format!("https://a.example/{}", "x".repeat(2_048 - 18));
    for good in ["https://a.example/b.png?c=d", longest.as_str()] {
        let kept = api
            .patch("/users/me", json!({ "avatar_url": good }))
            .await
            .expect(200)
            .json();
        assert_eq!(kept["avatar_url"], good);
    }
    let longer = format!("{longest}x");
    for bad in [
        "http://a.example/b",
        "//a.example/b",
        "/avatars/x.jpg",
        "a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "https://",
        "https://u@a.example/",
        "https://u:p@a.example/",
        "https://a.example/\u{0}",
        "https://a.example/\"onload=alert(1)\u{a}",
        longer.as_str(),
    ] {
        api.patch("/users/me", json!({ "avatar_url": bad }))
            .await
            .invalid("avatar_url");
    }
}

#[tokio::test]
async fn a_foreign_picture_is_stored_as_the_parser_writes_it_and_has_a_public_name() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let patch = |typed: &str| api.patch("/users/me", json!({ "avatar_url": typed }));
    let hostile = patch("https://evil.example/\"onerror=alert(1)")
        .await
        .expect(200);
    assert_eq!(
        hostile.json()["avatar_url"],
        "https://evil.example/%22onerror=alert(1)"
    );
    let capitals = patch("HTTPS://Pics.Example/a.png").await.expect(200);
    assert_eq!(capitals.json()["avatar_url"], "https://pics.example/a.png");
    for bad in [
        "https://169.254.169.254/latest",
        "https://2852039166/latest",
        "https://[::ffff:a9fe:a9fe]/latest",
        "https://localhost/a.png",
        "https://intranet/a.png",
        "https://metadata.google.internal/",
    ] {
        patch(bad).await.invalid("avatar_url");
    }
    let kept = api.get("/users/me").await.expect(200).json();
    assert_eq!(kept["avatar_url"], "https://pics.example/a.png");
}

#[tokio::test]
async fn a_picture_of_somebody_else_is_refused_in_every_spelling() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://social.example")]).await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let theirs = app.api().of(&bob).upload(&png(8, 8)).await.expect(200);
    let theirs = theirs.json()["avatar_url"].as_str().unwrap().to_owned();
    for spelling in [
        theirs.clone(),
        theirs.replace("https://social", "HTTPS://Social"),
        theirs.replace("/avatars/", "/./x/../avatars/"),
        theirs.replace("social.example", "social.example:443"),
    ] {
        let body = json!({ "avatar_url": spelling });
        let refused = app.api().of(&ana).patch("/users/me", body).await;
        refused.invalid("avatar_url");
    }
}

#[tokio::test]
async fn without_a_token_there_is_no_profile() {
    let app = TestApp::start().await;
    app.person("ana").await;
    let api = app.api();
    for answer in [
        api.get("/users/me").await,
        api.patch("/users/me", json!({ "bio": "x" })).await,
        api.delete("/users/me/avatar").await,
        api.upload(&png(8, 8)).await,
    ] {
        answer.error(401, "UNAUTHENTICATED");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}
