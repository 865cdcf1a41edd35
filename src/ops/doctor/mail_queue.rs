//! Mails that are late, and mails that were given up.

use super::{Finding, Findings};
use tokio_postgres::Client;

/// By the indexes that the worker and retention walk: a mail is given up within days.
const QUEUE: &str =
    "select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::float8,
        (select count(*) from users.outbox where given_up_at > now() - interval '1 day'
         and created_at > now() - interval '4 days')
    from users.outbox where sent_at is null and given_up_at is null and created_at <= now()";
/// As the alert has it, in seconds.
const LATE: f64 = 300.0;

pub(super) async fn check(db: &Client) -> Findings {
    let row = db.query_one(QUEUE, &[]).await?;
    let (owed, oldest, given_up): (i64, f64, i64) = (row.get(0), row.get(1), row.get(2));
    let mut found = Vec::new();
    if oldest > LATE {
        found.push(Finding::warn(
            format!("{owed} owed, the oldest for {:.0} minutes", oldest / 60.0),
            "see what was said about mail, and docs/runbooks/UsersServiceMailDelayed.md",
        ));
    }
    if given_up > 0 {
        found.push(Finding::warn(
            format!("{given_up} given up in the last day"),
            "users.outbox.last_error says what was answered",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(format!("{owed} owed, none late")));
    }
    Ok(found)
}
