//! One replica's clock is wrong.

use super::{drill::Drill, fleet::RULES, load::EVERYTHING, scaled};
use crate::support::TestApp;
use time::Duration;
use tokio::time::sleep;
use users_service::clock::Clock;

async fn skewed(name: &str, by: Duration) {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", RULES)]).await;
    let clock = Clock::default();
    clock.advance(by);
    let replica = app.replica_with(clock).await;
    let place = app.place_with(&replica);
    let drill = Drill::start(&place, scaled(4, 12), EVERYTHING).await;
    sleep(std::time::Duration::from_secs(scaled(2, 20))).await;
    drill.end().await.conclude(name, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ahead_by_what_is_allowed() {
    skewed("40 Clock 5 s ahead", Duration::seconds(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_by_what_is_allowed() {
    skewed("41 Clock 5 s behind", Duration::seconds(-5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn far_ahead() {
    skewed("42 Clock 10 min ahead", Duration::minutes(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn far_behind() {
    skewed("43 Clock 10 min behind", Duration::minutes(-10)).await;
}
