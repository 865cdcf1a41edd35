//! Two replicas are asked for the same at the same time.

use super::{
    fleet::Fleet,
    ledger::{Account, Existence, Kind, Outcome},
    load::{Load, Reply, Running},
    report::Report,
    scaled,
    verify::verify,
};
use crate::support::{Answer, Api, Call, Database, PASSWORD, run};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::HashSet;

/// Asks so many times at once, one replica and the other in turn.
async fn race(
    load: &Load,
    kind: Kind,
    times: usize,
    call: impl Fn(&Api, usize) -> Call,
) -> Vec<Reply> {
    let asked = (0..times).map(|n| load.ask(kind, call(load.api(n), n)));
    join_all(asked).await
}

fn done(replies: &[Reply]) -> Vec<&Answer> {
    let done = replies
        .iter()
        .filter(|reply| reply.outcome == Outcome::Done);
    done.filter_map(|reply| reply.answer.as_ref()).collect()
}

/// Insists that all but one were refused with this code.
#[track_caller]
fn one_won(replies: &[Reply], code: &str) {
    assert_eq!(done(replies).len(), 1, "one registration wins");
    for reply in replies
        .iter()
        .filter(|reply| reply.outcome != Outcome::Done)
    {
        let answer = reply.answer.as_ref().expect("an answer");
        answer.error(409, code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_one_address_one_name_one_token_and_one_edge() {
    let database = Database::migrated().await;
    let mut fleet = Fleet::start(database.url(), database.url(), &[]).await;
    let running = Running::start("ana", &fleet.place, 2, &[Kind::Follow, Kind::Unfollow]).await;
    fleet.watch_lives();
    let load = running.load.clone();
    let times = scaled(20, 50);
    let mut accounts = Vec::new();
    for round in 0..scaled(1, 20) {
        let mut zoe = Account::new(&format!("zoe{round}"));
        zoe.exists = Existence::Certain;
        let replies = race(&load, Kind::Register, times, |api, n| {
            let body = json!({ "email": zoe.email, "username": format!("{}.{n}", zoe.username), "password": PASSWORD });
            api.request("POST", "/auth/register").json(&body)
        })
        .await;
        one_won(&replies, "EMAIL_ALREADY_EXISTS");
        let won = done(&replies)[0].json();
        zoe.username = won["username"].as_str().expect("a name").to_owned();
        zoe.id = won["id"].as_str().and_then(|id| id.parse().ok());

        let replies = race(&load, Kind::Register, times, |api, n| {
            let name = if n % 3 == 0 { "Bob" } else { "bob" };
            let body = json!({ "email": format!("bob{round}.{n}@example.org"), "username": format!("{name}{round}"), "password": PASSWORD });
            api.request("POST", "/auth/register").json(&body)
        })
        .await;
        one_won(&replies, "USERNAME_ALREADY_EXISTS");

        let link = load.sink.mail_to(&zoe.email).await.token();
        let body = json!({ "token": link });
        let replies = race(&load, Kind::Verify, times, |api, _| {
            api.request("POST", "/auth/verify").json(&body)
        })
        .await;
        assert_eq!(done(&replies).len(), times, "a link stays good");

        let body = json!({ "email": zoe.email, "password": PASSWORD });
        let call = load.api(round).request("POST", "/auth/login").json(&body);
        let reply = load.ask(Kind::LogIn, call).await;
        zoe.logged_in(reply.outcome);
        let answer = reply.answer.expect("an answer").expect(200);
        zoe.got(&answer.refresh_token());
        let access = answer.access_token();
        let cookie = format!("refresh_token={}", answer.refresh_token());
        let replies = race(&load, Kind::Refresh, times, |api, _| {
            api.request("POST", "/auth/refresh")
                .header("Cookie", &cookie)
        })
        .await;
        let tokens: HashSet<_> = done(&replies)
            .iter()
            .map(|answer| answer.refresh_token())
            .collect();
        assert_eq!(done(&replies).len(), times, "nobody is logged out");
        assert_eq!(tokens.len(), 1, "the session does not fork");
        for token in &tokens {
            zoe.got(token);
        }

        let whom = load.known.lock().unwrap()[round % 2];
        let path = format!("/users/{whom}/follow");
        let replies = race(&load, Kind::Follow, times, |api, _| {
            api.bearer(&access).request("POST", &path)
        })
        .await;
        let made = done(&replies)
            .into_iter()
            .filter(|answer| answer.status == 201);
        assert_eq!(made.count(), 1, "an edge is made once");
        zoe.followed(whom, true, Outcome::Done);
        accounts.push(zoe);
    }
    let (load, others) = running.stop().await;
    accounts.extend(others);
    let verdict = verify(&fleet.place, &accounts).await;
    let remark = format!("{} rounds of {times} at once each", scaled(1, 20));
    let name = "31 Two replicas: one address, name, link, token, edge";
    let report = Report::new(load, verdict).of(&mut fleet);
    report.conclude(name, &remark);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_migrate() {
    let program = |url: String| move || run(&["migrate"], &[("DATABASE_URL", &url)]);
    for _ in 0..scaled(1, 10) {
        let database = Database::empty().await;
        let migrating =
            (0..3).map(|_| tokio::task::spawn_blocking(program(database.url().to_owned())));
        for ended in join_all(migrating).await {
            let ended = ended.expect("no panic");
            assert!(ended.status.success(), "{ended:?}");
        }
        let db = database.connect().await;
        let applied = "select count(*) = count(distinct version) and count(*) = max(version)
            from users.schema_migrations";
        assert!(db.query_one(applied, &[]).await.unwrap().get::<_, bool>(0));
        let invalid = "select count(*) from pg_index where not indisvalid";
        assert_eq!(
            db.query_one(invalid, &[]).await.unwrap().get::<_, i64>(0),
            0
        );
    }
}
