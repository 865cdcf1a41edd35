//! The database ends, politely or not, and comes back.

use super::{drill::Drill, fleet::Fleet, load::EVERYTHING, scaled};
use crate::support::{Postgres, eventually, kill};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use tokio_postgres::NoTls;

/// Ends the server with a signal, so often, while people use the service. It starts again by
/// itself.
async fn restarted(name: &str, signal: &str) {
    // Whoever kills a server, and not the machine, loses nothing that the kernel has.
    let postgres = Postgres::start(scaled(&[("fsync", "off")], &[])).await;
    let mut fleet = Fleet::start(postgres.url(), postgres.url(), &[]).await;
    let mut drill = Drill::start(&fleet.place, scaled(6, 16), EVERYTHING).await;
    fleet.watch_lives();
    let mut away = Duration::ZERO;
    for _ in 0..scaled(1, 5) {
        sleep(scaled(Duration::from_millis(500), Duration::from_secs(3))).await;
        let began = Instant::now();
        kill(signal, postgres.id());
        eventually("the database ends", || async {
            (!is_there(&postgres).await).then_some(())
        })
        .await;
        eventually("the database is back", || async {
            is_there(&postgres).await.then_some(())
        })
        .await;
        away = away.max(began.elapsed());
        drill.recovers().await;
    }
    let remark = format!(
        "{} times, away for up to {:.1} s",
        scaled(1, 5),
        away.as_secs_f64()
    );
    drill.end().await.of(&mut fleet).conclude(name, &remark);
}

async fn is_there(postgres: &Postgres) -> bool {
    tokio_postgres::connect(postgres.url(), NoTls).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_fast() {
    restarted("01 PostgreSQL restarted (fast)", "INT").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_immediately() {
    restarted("02 PostgreSQL restarted (immediate)", "QUIT").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed() {
    restarted("03 PostgreSQL killed (`kill -9`)", "KILL").await;
}
