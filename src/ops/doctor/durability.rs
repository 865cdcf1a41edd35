//! Whether the database keeps what it says it keeps.

use super::{Finding, Findings};
use tokio_postgres::Client;

/// The settings that let a crash lose what was acknowledged, where they are off.
const OFF: &str = "select name from pg_settings where setting = 'off' \
    and name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name";

pub(super) async fn check(db: &Client) -> Findings {
    let rows = db.query(OFF, &[]).await?;
    let off: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    Ok(vec![if off.is_empty() {
        Finding::ok("what was committed survives a crash of the database")
    } else {
        Finding::warn(
            format!(
                "{} is off: a crash of the database loses what was acknowledged",
                off.join(", ")
            ),
            "set it to on in postgresql.conf, except where nothing is to be kept",
        )
    }])
}
