//! Whether the replicas of `DATABASE_READ_URL` can serve reads: they answer, are standbys of this very
//! database, and close behind it.

use super::{Finding, Findings, database::BEGIN};
use crate::{
    Config,
    config::Secret,
    database::pool,
    error::{Cause, causes},
};
use futures_util::future::join_all;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use tokio_postgres::{Client, types::PgLsn};

const WRITTEN: &str = "select pg_current_wal_insert_lsn()";
const WHO: &str =
    "select (select system_identifier from pg_control_system())::text || '/' || current_database()";
const IS_STANDBY: &str = "select pg_is_in_recovery()";
const REPLAYED: &str = "select coalesce(pg_last_wal_replay_lsn(), '0/0')";
const HAS_REPLAYED: &str = "select coalesce(pg_last_wal_replay_lsn() >= $1, false)";
/// The longest that is waited for a replica, whatever is allowed to it: a check has its time.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What there is to see of a replica.
enum Seen {
    Away(Cause),
    TakesWrites,
    OfAnother,
    Ahead,
    Behind(Duration),
    Follows(Duration),
}

pub(super) async fn check(config: &Config, db: &Client) -> Findings {
    let Some(Secret(url)) = &config.database_read_url else {
        return Ok(vec![Finding::ok("not set: DATABASE_URL serves all reads")]);
    };
    let who: String = db.query_one(WHO, &[]).await?.get(0);
    let patience = config.database_read_max_lag.min(PATIENCE);
    let each = pool::direct_apart(url).await?.into_iter();
    let each = each.map(async |(host, replica)| {
        let seen = look(replica, db, &who, patience).await;
        judge(&host, seen.unwrap_or_else(Seen::Away))
    });
    Ok(join_all(each).await)
}

async fn look(
    replica: Result<Client, Cause>,
    primary: &Client,
    who: &str,
    patience: Duration,
) -> Result<Seen, Cause> {
    let replica = replica?;
    replica.batch_execute(BEGIN).await?;
    if !replica.query_one(IS_STANDBY, &[]).await?.get::<_, bool>(0) {
        return Ok(Seen::TakesWrites);
    }
    if replica.query_one(WHO, &[]).await?.get::<_, String>(0) != who {
        return Ok(Seen::OfAnother);
    }
    // In this order: who follows is never where the primary has not been.
    let replayed: PgLsn = replica.query_one(REPLAYED, &[]).await?.get(0);
    let written: PgLsn = primary.query_one(WRITTEN, &[]).await?.get(0);
    if replayed > written {
        return Ok(Seen::Ahead);
    }
    let began = Instant::now();
    loop {
        let row = replica.query_one(HAS_REPLAYED, &[&written]).await?;
        if row.get(0) {
            return Ok(Seen::Follows(began.elapsed()));
        }
        if began.elapsed() > patience {
            return Ok(Seen::Behind(patience));
        }
        sleep(LOOK_EVERY).await;
    }
}

fn judge(host: &str, seen: Seen) -> Finding {
    match seen {
        Seen::Away(error) => Finding::warn(
            format!(
                "{host} can't be asked, so DATABASE_URL serves its reads: {}",
                causes(&*error)
            ),
            "start it, or take it out of DATABASE_READ_URL",
        ),
        Seen::TakesWrites => Finding::warn(
            format!("{host} takes writes, so it is no replica and serves no reads"),
            "name standbys of the database in DATABASE_URL",
        ),
        Seen::OfAnother => Finding::wrong(
            format!("{host} is a standby of another database: its reads show what is in there"),
            "name standbys of the database in DATABASE_URL",
        ),
        Seen::Ahead => Finding::wrong(
            format!(
                "{host} is ahead of the primary: it followed a former one, and serves no reads"
            ),
            "have it follow the primary again (pg_rewind or a new base backup), or take it out of DATABASE_READ_URL",
        ),
        Seen::Behind(by) => Finding::warn(
            format!("{host} is more than {} s behind", by.as_secs()),
            "see what holds it up; DATABASE_URL serves what may not be so old (DATABASE_READ_MAX_LAG)",
        ),
        Seen::Follows(after) => Finding::ok(format!(
            "{host} shows what was written {} ms before",
            after.as_millis()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    #[test]
    fn only_a_standby_of_something_else_or_a_former_one_shows_what_is_wrong() {
        let level = |seen| judge("b:5432", seen).level;
        assert_eq!(level(Seen::Follows(Duration::ZERO)), Level::Ok);
        assert_eq!(level(Seen::Away("gone".into())), Level::Warn);
        assert_eq!(level(Seen::TakesWrites), Level::Warn);
        assert_eq!(level(Seen::Behind(PATIENCE)), Level::Warn);
        assert_eq!(level(Seen::OfAnother), Level::Wrong);
        assert_eq!(level(Seen::Ahead), Level::Wrong);
    }
}
