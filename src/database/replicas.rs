//! Replicas that reads may come from, and how old what they show is.

use super::{GenericClient, Object, Pool, one};
use crate::{Error, Result, error::Cause};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::timeout};
use tokio_postgres::types::PgLsn;

/// How long a replica may take for a read: then there is still time to ask the primary.
const READ_TIME: Duration = Duration::from_millis(750);

/// The replicas of `DATABASE_READ_URL`; none when it is unset.
#[derive(Default)]
pub struct Replicas {
    each: Vec<Replica>,
    max_lag: Duration,
    turn: AtomicUsize,
}

/// One replica.
pub struct Replica {
    host: String,
    pool: Pool,
    /// It shows everything that was committed before this moment; none when that is not known.
    as_of: watch::Sender<Option<Instant>>,
}

impl Replicas {
    /// The hosts of `url`, each with a pool of at most `size` connections. A read comes from none
    /// that is more than `max_lag` behind.
    pub fn new(url: &str, size: usize, max_lag: Duration) -> Result<Self, Cause> {
        let each = Pool::apart(url, size)?
            .into_iter()
            .map(|(host, pool)| Replica {
                host,
                pool,
                as_of: watch::Sender::default(),
            });
        Ok(Self {
            each: each.collect(),
            max_lag,
            turn: AtomicUsize::default(),
        })
    }

    /// All of them.
    #[must_use]
    pub fn each(&self) -> &[Replica] {
        &self.each
    }

    /// How far a replica may be behind.
    #[must_use]
    pub fn max_lag(&self) -> Duration {
        self.max_lag
    }

    /// One that is not too far behind, in turn.
    #[must_use]
    pub fn fresh(&self) -> Option<&Replica> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (after, first) = self.each.split_at(turn.checked_rem(self.each.len())?);
        let mut in_turn = first.iter().chain(after);
        in_turn.find(|replica| replica.lag().is_some_and(|lag| lag <= self.max_lag))
    }

    /// Closes all connections.
    pub fn close(&self) {
        for replica in &self.each {
            replica.pool.close();
        }
    }
}

impl Replica {
    /// Its host and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// How old what it shows is at most, or since when nothing is known of it.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        self.as_of().map(|as_of| as_of.elapsed())
    }

    /// The moment before which everything that was committed is shown; none when that is not known.
    #[must_use]
    pub fn as_of(&self) -> Option<Instant> {
        *self.as_of.borrow()
    }

    /// Notes the moment before which everything that was committed is shown.
    pub fn shows(&self, as_of: Option<Instant>) {
        self.as_of.send_replace(as_of);
    }

    /// Reads from it, in a short time. After a failure it is not asked again until it was seen well.
    pub async fn read<T, F>(&self, work: impl FnOnce(Object) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let answer = timeout(READ_TIME, async { work(self.pool.get().await?).await }).await;
        let answer = answer.map_err(Error::unavailable).and_then(|answer| answer);
        if answer.as_ref().is_err_and(Error::is_failure) {
            self.shows(None);
        }
        answer
    }

    /// How much of the primary's log it has replayed; none when it is no replica.
    pub async fn replayed(&self) -> Result<Option<PgLsn>> {
        let row = one(&self.pool.get().await?, sql::replayed()).await?;
        let is_replica: bool = row.try_get(0)?;
        let replayed: Option<PgLsn> = row.try_get(1)?;
        Ok(replayed.filter(|_| is_replica))
    }
}

/// Where the primary's log ends. A commit is shown to nobody before it is in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The timeline, which every promotion begins anew: places of two are not to be compared.
    pub timeline: String,
    /// The place.
    pub place: PgLsn,
}

/// Where the primary's log ends now.
pub async fn written(db: &impl GenericClient) -> Result<Written> {
    let row = one(db, sql::written()).await?;
    // The first eight digits of the name of a log's file are its timeline.
    let file: String = row.try_get(1)?;
    Ok(Written {
        timeline: file.chars().take(8).collect(),
        place: row.try_get(0)?,
    })
}

/// The statements.
pub mod sql {
    use sea_query::{Func, FunctionCall, Query, SelectStatement};

    /// What is inserted, not only what is written out: without waiting for the disk
    /// (`synchronous_commit = off`) a commit is shown before that.
    fn position() -> FunctionCall {
        Func::cust("pg_current_wal_insert_lsn")
    }

    /// Where the primary's log ends, and the file that this is in.
    #[must_use]
    pub fn written() -> SelectStatement {
        Query::select()
            .expr(position())
            .expr(Func::cust("pg_walfile_name").arg(position()))
            .take()
    }

    /// Whether it is a replica, and where what it has replayed ends.
    #[must_use]
    pub fn replayed() -> SelectStatement {
        Query::select()
            .expr(Func::cust("pg_is_in_recovery"))
            .expr(Func::cust("pg_last_wal_replay_lsn"))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::database::reviewed::statements;

    statements! {
        written();
        replayed();
    }
}
