//! USER-STORY-004, USER-BE-004: following and unfollowing over JSON.

use crate::support::{Person, TestApp, assert_keys};
use serde_json::json;
use uuid::Uuid;

impl TestApp {
    /// Makes one person follow another.
    pub async fn follow(&self, follower: &Person, followee: &Person) {
        self.api()
            .of(follower)
            .act(&followee.api("/follow"))
            .await
            .expect(201);
    }

    /// What a person's own profile says: followers, followees.
    pub async fn counts(&self, person: &Person) -> (i64, i64) {
        let me = self
            .api()
            .of(person)
            .get("/users/me")
            .await
            .expect(200)
            .json();
        let count = |key: &str| me[key].as_i64().unwrap();
        (count("follower_count"), count("followee_count"))
    }
}

#[tokio::test]
async fn user_be_004_1_s1_follow_relationship_created() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let answer = app
        .api()
        .of(&ana)
        .act(&bob.api("/follow"))
        .await
        .expect(201)
        .json();
    assert_eq!(
        answer,
        json!({ "follower_id": ana.id, "followee_id": bob.id })
    );
    let row = "select count(*) from users.follows where follower_id = $1 and followee_id = $2
        and created_at between now() - interval '1 minute' and now() + interval '1 minute'";
    assert_eq!(app.value::<i64>(row, &[&ana.id, &bob.id]).await, 1);
    assert_eq!(app.counts(&ana).await, (0, 1));
    assert_eq!(app.counts(&bob).await, (1, 0));
}

#[tokio::test]
async fn user_be_004_1_s2_duplicate_follow_is_idempotent() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let first = app
        .api()
        .of(&ana)
        .act(&bob.api("/follow"))
        .await
        .expect(201)
        .json();
    for _ in 0..2 {
        let again = app
            .api()
            .of(&ana)
            .act(&bob.api("/follow"))
            .await
            .expect(200)
            .json();
        assert_eq!(again, first);
    }
    assert_eq!(app.count("follows").await, 1);
    assert_eq!(app.counts(&bob).await, (1, 0));
}

#[tokio::test]
async fn user_be_004_2_s1_follow_relationship_removed() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.follow(&ana, &bob).await;
    app.follow(&bob, &ana).await;
    let answer = app
        .api()
        .of(&ana)
        .delete(&bob.api("/follow"))
        .await
        .expect(204);
    assert!(answer.body.is_empty());
    assert_eq!(app.count("follows").await, 1, "the other direction stays");
    assert_eq!(app.counts(&ana).await, (1, 0));
    assert_eq!(app.counts(&bob).await, (0, 1));
}

#[tokio::test]
async fn user_be_004_2_s2_unfollow_when_not_following_is_idempotent() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    for _ in 0..2 {
        app.api()
            .of(&ana)
            .delete(&bob.api("/follow"))
            .await
            .expect(204);
    }
    app.api()
        .of(&ana)
        .delete(&ana.api("/follow"))
        .await
        .expect(204);
    assert_eq!(app.counts(&ana).await, (0, 0));
}

#[tokio::test]
async fn user_story_004_s1_successfully_follow_a_user() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    assert_eq!(app.count("follows").await, 0);
    let answer = app
        .api()
        .of(&ana)
        .act(&bob.api("/follow"))
        .await
        .expect(201)
        .json();
    assert_keys(&answer, "follower_id followee_id");
    assert_eq!(app.count("follows").await, 1);
}

#[tokio::test]
async fn user_story_004_s2_successfully_unfollow_a_user() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    app.follow(&ana, &bob).await;
    app.api()
        .of(&ana)
        .delete(&bob.api("/follow"))
        .await
        .expect(204);
    assert_eq!(app.count("follows").await, 0);
    app.follow(&ana, &bob).await;
}

#[tokio::test]
async fn user_story_004_s3_follow_of_a_user_that_does_not_exist_is_rejected() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let upper = Uuid::max().to_string().to_uppercase();
    for id in [
        Uuid::new_v4().to_string(),
        Uuid::nil().to_string(),
        upper,
        "ana".to_owned(),
        "1".to_owned(),
    ] {
        let path = format!("/users/{id}/follow");
        api.act(&path).await.error(404, "USER_NOT_FOUND");
        api.delete(&path).await.error(404, "USER_NOT_FOUND");
    }
    assert_eq!(
        app.count("follows").await + app.count("follow_counts").await,
        0
    );
}

#[tokio::test]
async fn user_story_004_s4_self_follow_rejected() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let answer = app.api().of(&ana).act(&ana.api("/follow")).await;
    answer.error(422, "CANNOT_FOLLOW_SELF");
    assert_eq!(app.count("follows").await, 0);
    assert_eq!(app.counts(&ana).await, (0, 0));
}

#[tokio::test]
async fn without_a_token_nothing_is_followed() {
    let app = TestApp::start().await;
    let bob = app.person("bob").await;
    for answer in [
        app.api().act(&bob.api("/follow")).await,
        app.api().delete(&bob.api("/follow")).await,
        app.api().bearer("x").act(&bob.api("/follow")).await,
    ] {
        answer.error(401, "UNAUTHENTICATED");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(app.count("follows").await, 0);
}

#[tokio::test]
async fn a_body_and_its_type_are_not_looked_at() {
    let app = TestApp::start().await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let follow = app.api().of(&ana).request("POST", &bob.api("/follow"));
    follow
        .body("text/plain", "follower_id=me")
        .send()
        .await
        .expect(201);
    let unfollow = app.api().of(&ana).request("DELETE", &bob.api("/follow"));
    unfollow
        .body("application/json", "{broken")
        .send()
        .await
        .expect(204);
}

#[tokio::test]
async fn an_account_that_is_gone_leaves_no_edges_and_follows_nobody() {
    let app = TestApp::with(&[("REQUIRE_VERIFIED_EMAIL", "false")]).await;
    let [ana, bob] = app.people(["ana", "bob"]).await;
    let gone = app.unverified("gone").await;
    app.follow(&gone, &ana).await;
    app.follow(&bob, &gone).await;
    let mut owner = app.visitor();
    owner
        .open(&app.sink.mail_to(&gone.email).await.link())
        .await;
    owner.press("This was not me").await;
    assert_eq!(app.count("follows").await, 0);
    assert_eq!(app.counts(&ana).await, (0, 0));
    assert_eq!(app.counts(&bob).await, (0, 0));
    app.api()
        .of(&gone)
        .act(&ana.api("/follow"))
        .await
        .error(401, "UNAUTHENTICATED");
    app.api()
        .of(&ana)
        .act(&gone.api("/follow"))
        .await
        .error(404, "USER_NOT_FOUND");
}
