//! The database restarted, demoted, frozen, or lost to a promoted standby, with both servers in
//! `DATABASE_URL`.

use crate::support::{Answer, Database, Pair, Person, TestApp, eventually, run};
use futures_util::future::join_all;
use serde_json::json;
use std::{cell::Cell, collections::HashSet};
use uuid::Uuid;

async fn on(pair: &Pair) -> TestApp {
    TestApp::on(Database::elsewhere(&pair.url()), &[]).await
}

/// A write of a person: done, or refused with when to try again.
async fn write(app: &TestApp, person: &Person, bio: u32) -> bool {
    let typed = json!({ "bio": bio.to_string() });
    let answer = app.api().of(person).patch("/users/me", typed).await;
    if answer.status != 200 {
        assert_refused(&answer);
    }
    answer.status == 200
}

/// Never 500, and always with when to try again.
#[track_caller]
fn assert_refused(answer: &Answer) {
    answer.clone().error(503, "SERVICE_UNAVAILABLE");
    assert!(answer.header("retry-after").is_some());
}

/// Opens as many connections as the pool holds.
async fn fill_the_pool(app: &TestApp, person: &Person) {
    let all = (0..5).map(|_| app.app.db.get());
    drop(join_all(all).await);
    assert!(write(app, person, 0).await);
    assert_eq!(app.app.db.status().0, 5);
}

/// People whom nobody follows yet.
async fn strangers(pair: &Pair, count: i32) -> Vec<Uuid> {
    let db = pair.primary.connect().await;
    let make = "insert into users.users (id, username, email, password_hash)
        select gen_random_uuid(), 'user' || n, n || '@example.org', '' from generate_series(1, $1) n
        returning id";
    let made = db.query(make, &[&count]).await.unwrap();
    made.iter().map(|row| row.get(0)).collect()
}

async fn follows(pair: &Pair) -> i64 {
    let db = pair.primary.connect().await;
    let count = db
        .query_one("select count(*) from users.follows", &[])
        .await;
    count.unwrap().get(0)
}

#[tokio::test]
async fn a_promoted_standby_takes_over_and_nothing_acknowledged_is_lost() {
    let pair = Pair::start(true).await;
    let app = on(&pair).await;
    let people = app.people(["ana", "ben", "cyd", "dee"]).await;
    let strangers = strangers(&pair, 40_000).await;
    let is_over = Cell::new(false);
    let load = people.iter().zip(strangers.chunks(10_000));
    let load = load.map(async |(person, strangers)| {
        let (mut acknowledged, mut refused) = (Vec::new(), 0);
        for stranger in strangers {
            let path = format!("/users/{stranger}/follow");
            let answer = app.api().of(person).act(&path).await;
            if answer.status == 201 {
                acknowledged.push(*stranger);
                if is_over.get() {
                    break;
                }
            } else {
                assert_refused(&answer);
                refused += 1;
            }
        }
        (acknowledged, refused)
    });
    let drill = async {
        eventually("the load runs", || async {
            (follows(&pair).await > 100).then_some(())
        })
        .await;
        pair.primary.stop("immediate").await;
        assert_refused(&app.api().get("/health").await);
        app.api().get("/livez").await.expect(200);
        pair.standby.promote().await;
        is_over.set(true);
    };
    let (ledger, ()) = tokio::join!(join_all(load), drill);
    app.api().get("/health").await.expect(200);
    let db = pair.standby.connect().await;
    let followees = "select followee_id from users.follows where follower_id = $1";
    for (person, (acknowledged, refused)) in people.iter().zip(ledger) {
        let kept = db.query(followees, &[&person.id]).await.unwrap();
        let kept: HashSet<Uuid> = kept.iter().map(|row| row.get(0)).collect();
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|id| !kept.contains(id))
            .collect();
        assert!(lost.is_empty(), "{} lost: {lost:?}", person.username);
        assert!(refused > 0, "the drill was noticed");
    }
}

#[tokio::test]
async fn after_a_restart_nobody_pays_for_the_connections_of_before() {
    let pair = Pair::start(false).await;
    let app = on(&pair).await;
    let ana = app.person("ana").await;
    for mode in ["fast", "immediate"] {
        fill_the_pool(&app, &ana).await;
        pair.primary.stop(mode).await;
        pair.primary.start().await;
        for n in 0..10 {
            assert!(write(&app, &ana, n).await, "after {mode}");
        }
    }
}

#[tokio::test]
async fn a_primary_that_was_demoted_is_left_at_once() {
    let pair = Pair::start(false).await;
    let app = on(&pair).await;
    let ana = app.person("ana").await;
    fill_the_pool(&app, &ana).await;
    pair.caught_up().await;
    let db = pair.primary.connect().await;
    let demote = "alter system set default_transaction_read_only = on";
    db.batch_execute(demote).await.unwrap();
    db.batch_execute("select pg_reload_conf()").await.unwrap();
    eventually("the service notices", || async {
        (!write(&app, &ana, 1).await).then_some(())
    })
    .await;
    pair.standby.promote().await;
    for n in 2..8 {
        assert!(write(&app, &ana, n).await, "write {n}");
    }
    let bio = "select bio from users.users where username = 'ana'";
    let db = pair.standby.connect().await;
    let bio: String = db.query_one(bio, &[]).await.unwrap().get(0);
    assert_eq!(bio, "7");
}

#[tokio::test]
async fn a_primary_that_falls_silent_without_a_word_is_left_too() {
    let pair = Pair::start(false).await;
    let app = on(&pair).await;
    let ana = app.person("ana").await;
    fill_the_pool(&app, &ana).await;
    pair.caught_up().await;
    pair.primary.freeze(true);
    pair.standby.promote().await;
    eventually("the standby serves", || async {
        write(&app, &ana, 1).await.then_some(())
    })
    .await;
    for n in 2..8 {
        assert!(write(&app, &ana, n).await, "write {n}");
    }
}

#[tokio::test]
async fn migrating_finds_the_server_that_takes_writes() {
    let pair = Pair::start(false).await;
    let (first, second) = (pair.standby.port, pair.primary.port);
    let url = format!("postgresql://postgres@127.0.0.1:{first},127.0.0.1:{second}/other");
    let db = pair.primary.connect().await;
    db.batch_execute("create database other").await.unwrap();
    let migrated = run(&["migrate"], &[("DATABASE_URL", &url)]);
    assert!(migrated.status.success(), "{migrated:?}");
}
