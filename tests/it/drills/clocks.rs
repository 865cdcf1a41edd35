//! One replica's clock is wrong.

use super::{drill::Drill, fleet::RULES, load::EVERYTHING, scaled};
use crate::support::TestApp;
use time::Duration;
use tokio::time::sleep;

/// So far two clocks may be apart (contract, access tokens).
const ALLOWED: Duration = Duration::seconds(5);

async fn skewed(name: &str, by: Duration) {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", RULES)]).await;
    let replica = app.replica_with(app.clock.wrong_by(by)).await;
    let place = app.place_with(&replica);
    let drill = Drill::start(&place, scaled(4, 12), EVERYTHING).await;
    sleep(std::time::Duration::from_secs(scaled(2, 20))).await;
    let mut report = drill.end().await;
    let mut remark = String::new();
    if by.abs() > ALLOWED {
        // Tokens from the future are refused.
        let refused = report.allow(401);
        remark = format!("{refused} times 401 for access tokens from the future");
    }
    report.conclude(name, &remark);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ahead_by_what_is_allowed() {
    skewed("40 Clock 5 s ahead", ALLOWED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_by_what_is_allowed() {
    skewed("41 Clock 5 s behind", -ALLOWED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn far_ahead() {
    skewed("42 Clock 10 min ahead", Duration::minutes(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn far_behind() {
    skewed("43 Clock 10 min behind", Duration::minutes(-10)).await;
}
