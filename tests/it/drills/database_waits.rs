//! The database is there and does not answer: locked, slow, silent, or the pool is empty.

use super::{drill::Drill, fleet::Fleet, load::EVERYTHING, scaled};
use crate::support::{Database, Line, Proxy};
use std::time::Duration;
use tokio::time::sleep;

/// Takes the table away that everything needs.
const LOCK: &str = "begin; lock table users.users in access exclusive mode";

async fn locked(name: &str, pool: &str, people: usize) {
    let database = Database::migrated().await;
    let own = [("DATABASE_POOL_SIZE", pool)];
    let mut fleet = Fleet::start(database.url(), database.url(), &own).await;
    let mut drill = Drill::start(&fleet.place, people, EVERYTHING).await;
    fleet.watch_lives();
    let db = database.connect().await;
    db.batch_execute(LOCK).await.expect("the lock");
    // Longer than anybody waits for a lock.
    let time = Duration::from_secs(scaled(5, 20));
    sleep(time).await;
    db.batch_execute("rollback").await.expect("the end of it");
    drill.recovers().await;
    let remark = format!("locked for {} s, pools of {pool}", time.as_secs());
    drill.end().await.of(&mut fleet).conclude(name, &remark);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_locked() {
    locked("05 Accounts locked", "10", scaled(6, 16)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pool_exhausted() {
    locked("06 Pool exhausted", "2", scaled(16, 60)).await;
}

/// Has the line to the database behave like this for a while.
async fn behind(name: &str, line: Line, time: Duration) {
    let database = Database::migrated().await;
    let proxy = Proxy::to_socket(database.socket()).await;
    let url = database.url_over_tcp(proxy.port);
    let mut fleet = Fleet::start(&url, database.url(), &[]).await;
    let mut drill = Drill::start(&fleet.place, scaled(6, 16), EVERYTHING).await;
    fleet.watch_lives();
    proxy.set(line);
    sleep(time).await;
    proxy.set(Line::Open);
    drill.recovers().await;
    let remark = format!("for {} s", time.as_secs());
    drill.end().await.of(&mut fleet).conclude(name, &remark);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow() {
    let line = Line::Slow(scaled(Duration::from_millis(200), Duration::from_secs(1)));
    behind(
        "07 PostgreSQL slow",
        line,
        Duration::from_secs(scaled(2, 20)),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent() {
    let time = Duration::from_secs(scaled(3, 20));
    behind("08 PostgreSQL silent", Line::Silent, time).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_without_a_word() {
    let time = Duration::from_secs(scaled(3, 20));
    behind(
        "09 Cut off from PostgreSQL without a reset",
        Line::Lossy,
        time,
    )
    .await;
}
