//! Many at once: exactly one wins, nobody deadlocks, nothing is a server error.

use crate::support::{Answer, PASSWORD, Person, TestApp};
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use users_service::services::follows::{self, Followed};

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

async fn register_all(app: &TestApp, bodies: Vec<Value>) -> Vec<Answer> {
    let replica = app.replica().await;
    let apis = [app.api(), replica.api()];
    let calls = bodies.into_iter().enumerate();
    join_all(calls.map(|(n, body)| apis[n % 2].post("/auth/register", body))).await
}

#[tokio::test]
async fn the_same_email_twenty_times_is_one_account() {
    let app = TestApp::start().await;
    let bodies = (0..20).map(|n| {
        let email = if n % 2 == 0 {
            "ana@example.org"
        } else {
            "ANA@example.ORG"
        };
        json!({ "email": email, "username": format!("ana{n}"), "password": PASSWORD })
    });
    let answers = register_all(&app, bodies.collect()).await;
    assert_eq!(
        (with_status(&answers, 201), with_status(&answers, 409)),
        (1, 19)
    );
    for answer in answers.iter().filter(|answer| answer.status == 409) {
        answer.error(409, "EMAIL_ALREADY_EXISTS");
    }
    assert_eq!(
        (app.count("users").await, app.count("outbox").await),
        (1, 1)
    );
}

#[tokio::test]
async fn the_same_username_twenty_times_is_one_account() {
    let app = TestApp::start().await;
    let bodies = (0..20).map(|n| {
        let username = if n % 2 == 0 { "ana" } else { "Ana" };
        json!({ "email": format!("ana{n}@example.org"), "username": username, "password": PASSWORD })
    });
    let answers = register_all(&app, bodies.collect()).await;
    assert_eq!(
        (with_status(&answers, 201), with_status(&answers, 409)),
        (1, 19)
    );
    for answer in answers.iter().filter(|answer| answer.status == 409) {
        answer.error(409, "USERNAME_ALREADY_EXISTS");
    }
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn a_name_that_comes_free_is_taken_once() {
    let app = TestApp::start().await;
    app.unverified("ana").await;
    app.unverified("bob").await;
    for name in ["ana@example.org", "bob@example.org"] {
        app.sink.mail_to(name).await;
    }
    app.mails_are_out().await;
    app.clock.advance(time::Duration::hours(25));
    // Each wants the other's name too: locks are taken in one order.
    let bodies = (0..20).map(|n| {
        let (email, username) = if n % 2 == 0 { ("ana", "bob") } else { ("bob", "ana") };
        json!({ "email": format!("{email}@example.org"), "username": username, "password": PASSWORD })
    });
    let answers = register_all(&app, bodies.collect()).await;
    let made = with_status(&answers, 201);
    assert!((1..=2).contains(&made), "{made}");
    assert_eq!(made + with_status(&answers, 409), 20);
    assert_eq!(app.count("users").await, i64::try_from(made).unwrap());
}

#[tokio::test]
async fn one_verification_token_ten_times_at_once_is_always_good() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let token = app.sink.mail_to(&ana.email).await.token();
    let api = app.api();
    let calls = (0..10).map(|_| api.post("/auth/verify", json!({ "token": token })));
    for answer in join_all(calls).await {
        assert_eq!(answer.expect(200).json(), json!({ "email_verified": true }));
    }
    assert_eq!(app.count("users where email_verified").await, 1);
}

#[tokio::test]
async fn two_links_at_once_never_leave_the_account_unverified() {
    let app = TestApp::start().await;
    let ana = app.unverified("ana").await;
    let first = app.sink.mail_to(&ana.email).await.token();
    app.api()
        .post("/auth/verify/resend", json!({ "email": ana.email }))
        .await
        .expect(202);
    let second = app.sink.nth_mail_to(&ana.email, 2).await.token();
    let api = app.api();
    let calls = [first, second].map(|token| api.post("/auth/verify", json!({ "token": token })));
    let answers = join_all(calls).await;
    assert!(with_status(&answers, 200) >= 1);
    assert_eq!(with_status(&answers, 200) + with_status(&answers, 422), 2);
    assert_eq!(app.count("users where email_verified").await, 1);
}

/// Insists that what profiles count is what edges there are.
async fn counts_are_edges(app: &TestApp, people: &[Person]) {
    for person in people {
        let edges = |column: &str| format!("follows where {column} = '{}'", person.id);
        let followers = app.count(&edges("followee_id")).await;
        let followees = app.count(&edges("follower_id")).await;
        assert_eq!(
            app.counts(person).await,
            (followers, followees),
            "{}",
            person.username
        );
    }
}

#[tokio::test]
async fn mutual_follows_never_deadlock() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "20")]).await;
    let replica = app.replica().await;
    let [a, b] = app.people(["ana", "bob"]).await;
    let more = app.people(["cid", "dan", "eve", "fay", "gus", "hal"]).await;
    let people: Vec<_> = [a, b].into_iter().chain(more).collect();
    let mut pairs = Vec::new();
    for round in 0..4 {
        for (n, one) in people.iter().enumerate() {
            for other in &people[n + 1..] {
                pairs.push((round, one, other));
                pairs.push((round, other, one));
            }
        }
    }
    assert!(pairs.len() >= 200);
    let calls = pairs.iter().map(|(round, follower, followee)| {
        let api = if round % 2 == 0 {
            app.api()
        } else {
            replica.api()
        };
        async move { api.of(follower).act(&followee.api("/follow")).await }
    });
    // As many at once as there are connections: more would wait for one and not for each other.
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(40).collect().await;
    let edges = people.len() * (people.len() - 1);
    assert_eq!(with_status(&answers, 201), edges, "each edge is made once");
    assert_eq!(with_status(&answers, 200), answers.len() - edges);
    assert_eq!(app.count("follows").await, i64::try_from(edges).unwrap());
    counts_are_edges(&app, &people).await;
}

#[tokio::test]
async fn following_and_unfollowing_at_once_keeps_counts_equal_to_edges() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "20")]).await;
    let people = app.people(["ana", "bob", "cid", "dan"]).await;
    let mut calls = Vec::new();
    for round in 0..40 {
        for (n, follower) in people.iter().enumerate() {
            let followee = &people[(n + 1 + round % 3) % people.len()];
            let api = app.api().of(follower);
            let path = followee.api("/follow");
            calls.push(async move {
                if (round + n) % 2 == 0 {
                    api.act(&path).await
                } else {
                    api.delete(&path).await
                }
            });
        }
    }
    for answer in join_all(calls).await {
        assert!(
            matches!(answer.status, 200 | 201 | 204),
            "{}",
            answer.text()
        );
    }
    counts_are_edges(&app, &people).await;
}

/// A commit holds the rows of its counts until the disk has it. Here one is held for good.
#[tokio::test]
async fn who_follows_a_celebrity_does_not_wait_for_who_else_does() {
    let app = TestApp::start().await;
    let [celebrity, fan] = app.people(["celebrity", "fan"]).await;
    app.follow(&fan, &celebrity).await;
    let held = "select from users.follow_counts where user_id = $1 for update";
    let mut db = app.db().await;
    let other = db.transaction().await.unwrap();
    other.query(held, &[&celebrity.id]).await.unwrap();

    let api = app.api().of(&fan);
    api.delete(&celebrity.api("/follow")).await.expect(204);
    assert_eq!(app.counts(&celebrity).await, (0, 0));
    api.act(&celebrity.api("/follow")).await.expect(201);
    counts_are_edges(&app, &[celebrity, fan]).await;
}

#[tokio::test]
async fn two_hundred_who_follow_one_at_once_are_counted_exactly() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "20")]).await;
    let celebrity = app.person("celebrity").await;
    let fans = app.crowd(200, "fan").await;
    let follow = |fan| follows::follow(&app.app, fan, celebrity.id);
    let follow: Vec<_> = stream::iter(fans.iter().copied().map(follow))
        .buffer_unordered(20)
        .collect()
        .await;
    assert!(
        follow
            .iter()
            .all(|made| matches!(made, Ok(Followed::Created)))
    );
    assert_eq!(app.counts(&celebrity).await, (200, 0));
    // Another way round, so that many are counted out of another slot than they are in.
    let unfollow = |fan| follows::unfollow(&app.app, fan, celebrity.id);
    let unfollow: Vec<_> = stream::iter(fans.iter().rev().copied().map(unfollow))
        .buffer_unordered(20)
        .collect()
        .await;
    assert!(unfollow.iter().all(Result::is_ok));
    assert_eq!(app.counts(&celebrity).await, (0, 0));
}

#[tokio::test]
async fn several_uploads_at_once_leave_one_good_picture() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let pictures: Vec<_> = (0..8).map(|n| crate::support::png(10 + n, 10)).collect();
    for answer in join_all(pictures.iter().map(|picture| api.upload(picture))).await {
        assert!(matches!(answer.status, 200 | 503), "{}", answer.text());
    }
    let me = api.get("/users/me").await.expect(200).json();
    let url = me["avatar_url"].as_str().unwrap().to_owned();
    app.api()
        .get(url.strip_prefix(app.public_url()).unwrap())
        .await
        .expect(200);
    let files = std::fs::read_dir(app.data_dir.path().join("avatars"))
        .unwrap()
        .count();
    assert!(files <= 2 * 3, "{files}");
}
