//! Nobody reads what the replicas log.

use super::{drill::Drill, fleet::Fleet, load::EVERYTHING, scaled};
use crate::support::{Api, Database};

/// How many lines a replica did not get rid of.
async fn dropped(url: &str) -> u64 {
    let metrics = Api::new(url).get("/metrics").await.expect(200).text();
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("log_lines_dropped_total "));
    line.and_then(|count| count.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked() {
    let database = Database::migrated().await;
    // As many lines as there can be.
    let own = [("RUST_LOG", "trace")];
    let mut fleet = Fleet::start(database.url(), database.url(), &own).await;
    let mut drill = Drill::start(&fleet.place, scaled(4, 16), EVERYTHING).await;
    fleet.watch_lives();
    {
        let _unread = fleet.block_logs();
        // Each is some lines: far more than a pipe of 64 KiB takes.
        drill.acknowledged(scaled(200, 3_000)).await;
    }
    let mut lines = 0;
    for url in &fleet.place.urls {
        lines += dropped(url).await;
    }
    drill.recovers().await;
    let remark = format!("{lines} lines dropped and counted");
    let report = drill.end().await.of(&mut fleet);
    report.conclude("50 Log not read", &remark);
}
