//! The primary is lost for good, and the standby that has every commit takes over.

use super::{drill::Drill, fleet::Fleet, ledger::Kind, scaled};
use crate::support::{Pair, eventually, kill};
use std::time::Duration;
use tokio::time::sleep;

/// What writes, and costs little.
const WRITES: &[Kind] = &[Kind::Follow, Kind::Profile, Kind::Unfollow];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_a_standby_that_has_every_commit() {
    let pair = Pair::start(true).await;
    let mut fleet = Fleet::start(&pair.url(), &pair.standby.url(), &[]).await;
    let mut drill = Drill::start(&fleet.place, scaled(6, 40), WRITES).await;
    fleet.watch_lives();
    let writes = scaled(150, 20_000);
    drill.acknowledged(writes / 2).await;
    // First nothing reaches the standby any more, then the primary is gone.
    let db = pair.primary.connect().await;
    let sender = db.query_one("select pid from pg_stat_replication", &[]);
    let sender: i32 = sender.await.expect("a standby").get(0);
    let sender = u32::try_from(sender).expect("a process");
    kill("STOP", sender);
    sleep(Duration::from_millis(500)).await;
    kill("KILL", pair.primary.id());
    kill("KILL", sender);
    eventually("the primary is gone", || async {
        tokio::net::TcpStream::connect(("127.0.0.1", pair.primary.port))
            .await
            .is_err()
            .then_some(())
    })
    .await;
    pair.standby.promote().await;
    drill.recovers().await;
    drill.acknowledged(writes).await;
    let gap = drill.running.load.ledger.longest_gap().as_secs_f64();
    let remark = format!("the longest pause between two acknowledgements was {gap:.1} s");
    let report = drill.end().await.of(&mut fleet);
    report.conclude("04 Failover to a synchronous standby", &remark);
}
