//! Whether what has run out is forgotten.

use super::{Finding, Findings};
use crate::ops::janitor::LEASE;
use tokio_postgres::Client;

const LAST: &str =
    "select extract(epoch from now() - done_at)::float8 from users.leases where name = $1";
/// As the alert has it, in seconds: six rounds.
const LONG: f64 = 3_600.0;

pub(super) async fn check(db: &Client) -> Findings {
    let Some(row) = db.query_opt(LAST, &[&LEASE]).await? else {
        return Ok(vec![Finding::ok(
            "no round yet: the first comes ten minutes after the start",
        )]);
    };
    let minutes = row.get::<_, f64>(0) / 60.0;
    Ok(vec![if minutes * 60.0 > LONG {
        Finding::warn(
            format!(
                "the last whole round ended {minutes:.0} minutes ago: what has run out is kept"
            ),
            "see whether a replica runs, and docs/runbooks/UsersServiceJanitorIdle.md",
        )
    } else {
        Finding::ok(format!(
            "the last whole round ended {minutes:.0} minutes ago"
        ))
    }])
}
