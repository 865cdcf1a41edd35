//! One refresh token, many askers: the session never forks, and theft ends it for all.

use crate::support::{Answer, Api, TestApp, eventually};
use futures_util::{StreamExt, future::join_all, stream};
use std::{collections::HashSet, time::Instant};
use time::Duration;

/// The lines of the log that speak of a copied token.
const THEFTS: &str = "audit_log where event = 'refresh_token_reused'";

/// Presents a token many times at once, to two replicas in turn.
async fn storm(app: &TestApp, replica: &TestApp, token: &str, times: usize) -> Vec<Answer> {
    let apis = [app.api(), replica.api()];
    let calls = (0..times).map(|n| apis[n % 2].with_refresh_token("/auth/refresh", token));
    join_all(calls).await
}

/// Presents a token, and again when a machine that is too slow says that the service is busy.
async fn until_answered(api: &Api, token: &str) -> Answer {
    eventually("an answer", || async {
        let answer = api.with_refresh_token("/auth/refresh", token).await;
        (answer.status != 503).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn one_token_fifty_times_over_two_replicas_gives_one_successor() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let mut token = app.logged_in("ana").await;
    for round in 1..=3 {
        let answers = storm(&app, &replica, &token, 50).await;
        let mut given = HashSet::new();
        for answer in answers {
            let answer = answer.expect(200);
            app.app
                .keys
                .verify(&answer.access_token(), app.clock.now())
                .unwrap();
            given.insert(answer.refresh_token());
        }
        assert_eq!(given.len(), 1, "the same for all who ask");
        assert_eq!(
            app.count("refresh_tokens").await,
            round + 1,
            "one rotation a round"
        );
        assert_eq!(app.count("refresh_tokens where not revoked").await, 1);
        token = given.into_iter().next().unwrap();
    }
    assert_eq!(app.count("sessions where ended_at is null").await, 1);
    assert_eq!(app.count(THEFTS).await, 0);
}

#[tokio::test]
async fn one_token_a_thousand_times_logs_nobody_out_and_a_replay_ends_the_family() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let first = app.logged_in("ana").await;
    let apis = [app.api(), replica.api()];
    let calls = (0..1_000).map(|n| until_answered(&apis[n % 2], &first));
    let mut answers = stream::iter(calls).buffer_unordered(50);
    let (began, mut held) = (Instant::now(), 0);
    let mut given = HashSet::new();
    while let Some(answer) = answers.next().await {
        given.insert(answer.expect(200).refresh_token());
        // The clock stands still: however slow the machine is, all ask within the grace.
        let passed = began.elapsed().as_secs().cast_signed();
        app.clock.advance(Duration::seconds(held - passed));
        held = passed;
    }
    assert_eq!(given.len(), 1, "the same for all who ask");
    assert_eq!(app.count("refresh_tokens where not revoked").await, 1);
    assert_eq!(app.count("sessions where ended_at is null").await, 1);
    assert_eq!(app.count(THEFTS).await, 0);
    let current = given.into_iter().next().unwrap();
    let current = app.refresh(&current).await.expect(200).refresh_token();

    app.clock.advance(Duration::seconds(11));
    let replayed = app.refresh(&first).await;
    replayed.error(401, "INVALID_REFRESH_TOKEN");
    assert_eq!(app.count("sessions where ended_at is null").await, 0);
    let ended = app.refresh(&current).await;
    ended.error(401, "INVALID_REFRESH_TOKEN");
}

#[tokio::test]
async fn ending_all_others_while_they_renew_leaves_none_of_them() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let ana = app.person("ana").await;
    let own = app.log_in_with(&ana, "curl/8").await;
    let mut others = Vec::new();
    for _ in 0..6 {
        others.push(app.log_in_with(&ana, "Lynx/2").await.refresh_token);
    }
    let renew = join_all(others.iter().map(|token| replica.refresh(token)));
    let again = join_all(others.iter().map(|token| app.refresh(token)));
    let end = own.api.delete("/users/me/sessions");
    let (renewed, again, ended) = tokio::join!(renew, again, end);
    ended.expect(204);
    for answer in renewed.into_iter().chain(again) {
        assert!(matches!(answer.status, 200 | 401), "{}", answer.text());
        if answer.status == 200 {
            let late = app.refresh(&answer.refresh_token()).await;
            late.error(401, "INVALID_REFRESH_TOKEN");
        }
    }
    app.refresh(&own.refresh_token).await.expect(200);
    assert_eq!(app.count("sessions where ended_at is null").await, 1);
}

#[tokio::test]
async fn a_copied_token_presented_by_many_ends_the_family_once() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let old = app.logged_in("ana").await;
    let new = app.refresh(&old).await.expect(200).refresh_token();
    app.clock.advance(Duration::seconds(11));
    for answer in storm(&app, &replica, &old, 20).await {
        answer.error(401, "INVALID_REFRESH_TOKEN");
    }
    assert_eq!(app.count(THEFTS).await, 1);
    app.refresh(&new).await.error(401, "INVALID_REFRESH_TOKEN");
    assert_eq!(app.count("refresh_tokens where not revoked").await, 0);
}

#[tokio::test]
async fn logging_out_while_renewing_never_leaves_a_live_session() {
    let app = TestApp::start().await;
    for n in 0..5 {
        let token = app.logged_in(&format!("user{n}")).await;
        let api = app.api();
        let (renewed, ended) = tokio::join!(
            api.with_refresh_token("/auth/refresh", &token),
            api.with_refresh_token("/auth/logout", &token),
        );
        ended.expect(204);
        assert!(matches!(renewed.status, 200 | 401), "{}", renewed.text());
        if renewed.status == 200 {
            let late = app.refresh(&renewed.refresh_token()).await;
            late.error(401, "INVALID_REFRESH_TOKEN");
        }
        app.refresh(&token)
            .await
            .error(401, "INVALID_REFRESH_TOKEN");
    }
}

#[tokio::test]
async fn many_log_ins_at_once_are_many_sessions() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api();
    let typed = serde_json::json!({ "email": ana.email, "password": crate::support::PASSWORD });
    let calls = (0..10).map(|_| api.post("/auth/login", typed.clone()));
    let tokens: HashSet<_> = join_all(calls)
        .await
        .into_iter()
        .map(|a| a.expect(200).refresh_token())
        .collect();
    assert_eq!(tokens.len(), 10);
    assert_eq!(app.count("refresh_tokens").await, 10);
}
