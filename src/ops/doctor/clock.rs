//! The clock of this machine against the database's.

use super::{Finding, Findings};
use crate::{clock::Clock, crypto::keys::CLOCK_SKEW};
use time::{Duration, OffsetDateTime};
use tokio_postgres::Client;

/// More than clocks that are kept right differ by.
const NOTICEABLE: Duration = Duration::seconds(1);

pub(super) async fn check(db: &Client) -> Findings {
    let before = Clock::default().now();
    let row = db.query_one("select clock_timestamp()", &[]).await?;
    let after = Clock::default().now();
    Ok(vec![judge(before, row.get(0), after)])
}

/// The database told its time somewhere between the two others.
fn judge(before: OffsetDateTime, theirs: OffsetDateTime, after: OffsetDateTime) -> Finding {
    let skew = if theirs < before {
        theirs - before
    } else {
        (theirs - after).max(Duration::ZERO)
    };
    let seconds = skew.as_seconds_f64();
    let to_do = "have both machines follow the same time servers (NTP)";
    if skew.abs() > CLOCK_SKEW {
        Finding::wrong(
            format!(
                "the database's is {seconds:+.1} s from ours: tokens of other replicas are refused at over 5 s"
            ),
            to_do,
        )
    } else if skew.abs() > NOTICEABLE {
        Finding::warn(
            format!("the database's is {seconds:+.1} s from ours"),
            to_do,
        )
    } else {
        Finding::ok("the database's and ours agree")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};
    use time::macros::datetime;

    #[test]
    fn clocks_may_differ_by_a_second_and_must_not_by_more_than_five() {
        let before = datetime!(2026-01-02 03:04:05 UTC);
        let after = before + Duration::milliseconds(200);
        for (theirs, level, words) in [
            (before, Level::Ok, "agree"),
            (before - Duration::milliseconds(900), Level::Ok, "agree"),
            (after + Duration::milliseconds(900), Level::Ok, "agree"),
            (
                before - Duration::milliseconds(1_200),
                Level::Warn,
                "-1.2 s",
            ),
            (after + Duration::seconds(5), Level::Warn, "+5.0 s"),
            (
                after + Duration::milliseconds(5_200),
                Level::Wrong,
                "+5.2 s",
            ),
            (before - Duration::hours(1), Level::Wrong, "-3600.0 s"),
        ] {
            let finding = judge(before, theirs, after);
            assert_eq!(finding.level, level, "{finding}");
            assert!(finding.found.contains(words), "{finding}");
        }
    }
}
