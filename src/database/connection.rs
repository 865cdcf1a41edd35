//! The pool's connections, and transactions on them: both know when the connection, and with it
//! all that are as old, must not be used again.

use super::hosts::Hosts;
use crate::error::is_stale_statement;
use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt;
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;
use tokio_postgres::{Error, GenericClient as _, Row, Statement, types::ToSql};

/// After how long without use a connection has to answer before it is handed out.
const IDLE: Duration = Duration::from_secs(1);
/// How long that answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// A connection from the pool, back in it when dropped.
pub type Object = managed::Object<Manager>;

/// Opens the pool's connections and judges whether one may be used again.
pub struct Manager {
    hosts: Hosts,
    /// Counts up with every loss.
    era: Arc<AtomicUsize>,
}

/// One connection to PostgreSQL.
pub struct Connection {
    client: ClientWrapper,
    era: Era,
}

/// When a connection was opened. A restart, a failover or a silent network ends all connections at
/// once: the loss of one ends the era of all that were opened before.
#[derive(Clone)]
pub struct Era {
    now: Arc<AtomicUsize>,
    own: usize,
    /// Of this very connection.
    own_state: Arc<State>,
}

/// How a connection is doing.
#[derive(Default)]
struct State {
    /// Whether it is not to be used again.
    left: AtomicBool,
    /// How many answers came on it.
    answers: AtomicUsize,
    /// How many statements were sent on it whose answer nobody has seen yet.
    unanswered: AtomicUsize,
}

/// A statement that was sent. Who drops it without its answer leaves it on the connection.
pub(super) struct Sent {
    state: Arc<State>,
    answers_before: usize,
}

impl Sent {
    /// The database said something.
    pub(super) fn answered(&self) {
        self.state.answers.fetch_add(1, Ordering::Relaxed);
        self.state.unanswered.fetch_sub(1, Ordering::Relaxed);
    }

    /// It was not sent after all.
    pub(super) fn taken_back(&self) {
        self.state.unanswered.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether it answered something else since: it is there, and what is asked for takes long or
    /// waits its turn.
    pub(super) fn was_overtaken(&self) -> bool {
        self.state.answers.load(Ordering::Relaxed) != self.answers_before
    }
}

impl Era {
    fn is_over(&self) -> bool {
        self.own_state.left.load(Ordering::Relaxed) || self.now.load(Ordering::Relaxed) != self.own
    }

    /// Says that this connection is not to be used again: others would wait for what it is still at.
    pub(super) fn leave(&self) {
        self.own_state.left.store(true, Ordering::Relaxed);
    }

    /// Notes that a statement is being sent on this connection.
    pub(super) fn send(&self) -> Sent {
        let state = Arc::clone(&self.own_state);
        state.unanswered.fetch_add(1, Ordering::Relaxed);
        let answers_before = state.answers.load(Ordering::Relaxed);
        Sent {
            state,
            answers_before,
        }
    }

    fn has_unanswered(&self) -> bool {
        self.own_state.unanswered.load(Ordering::Relaxed) > 0
    }

    /// Says that no connection of this era is to be used again. What was opened since is no worse
    /// for what is found out late.
    pub(super) fn end(&self) {
        let (own, next) = (self.own, self.own.wrapping_add(1));
        self.now
            .compare_exchange(own, next, Ordering::Relaxed, Ordering::Relaxed)
            .ok();
    }
}

impl Manager {
    pub(super) fn new(hosts: Hosts) -> Self {
        Self {
            hosts,
            era: Arc::default(),
        }
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let era = Era {
            own: self.era.load(Ordering::Relaxed),
            now: Arc::clone(&self.era),
            own_state: Arc::default(),
        };
        // Boxed, like all that is long here, since it is part of every request's future.
        let (client, task) = Box::pin(self.hosts.connect()).await?;
        Ok(Connection {
            client: ClientWrapper::new(client, task),
            era,
        })
    }

    /// What was sent for somebody who did not wait for it is answered before the check. If that takes
    /// too long it says nothing of other connections.
    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<Error> {
        if connection.era.is_over() || connection.client.is_closed() {
            return Err(RecycleError::message("lost"));
        }
        let era = &connection.era;
        if metrics.last_used() > IDLE || era.has_unanswered() {
            let answer = timeout(ANSWER_TIME, connection.client.check_connection()).await;
            if !matches!(answer, Ok(Ok(()))) {
                if !era.has_unanswered() {
                    era.end();
                }
                return Err(RecycleError::message("silent"));
            }
            era.own_state.unanswered.store(0, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A transaction, rolled back unless it is committed.
pub struct Transaction<'a> {
    inner: deadpool_postgres::Transaction<'a>,
    era: Era,
    /// Whether no statement of it was carried out yet.
    is_new: AtomicBool,
}

impl<'a> Transaction<'a> {
    pub(super) async fn begin(connection: &'a mut Connection) -> Result<Self, Error> {
        let inner = connection.client.transaction().await?;
        let era = connection.era.clone();
        Ok(Self {
            inner,
            era,
            is_new: AtomicBool::new(true),
        })
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        self.inner.commit().await
    }
}

/// What statements run on: a connection or a transaction.
pub trait GenericClient: Sync {
    /// The driver's side of it.
    type Driver: tokio_postgres::GenericClient + Sync;

    /// The driver's side of it.
    fn driver(&self) -> &Self::Driver;

    /// A statement, prepared at its first use on this connection.
    fn prepared(&self, sql: &str) -> impl Future<Output = Result<Statement, Error>> + Send;

    /// Notes that a statement was carried out.
    fn did_something(&self);

    /// Forgets which statements are prepared on this connection; says whether one that failed may be
    /// sent again: not within a transaction that did something, which has failed with it.
    fn start_anew(&self) -> impl Future<Output = Result<bool, Error>> + Send;

    /// When the connection was opened.
    fn era(&self) -> &Era;
}

/// What a statement came to.
pub(super) struct Outcome {
    /// Its rows.
    pub(super) rows: Vec<Row>,
    /// How many rows it changed, or gave.
    pub(super) number: u64,
}

/// Prepares a statement where it is not, and runs it. One that turns out to be stale did nothing: it is
/// prepared anew and sent once again. Other connections have it too, so their era ends.
pub(super) async fn send(
    db: &impl GenericClient,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Outcome, Error> {
    let mut is_first = true;
    loop {
        let outcome = run(db, sql, values).await;
        match outcome {
            Ok(_) => db.did_something(),
            Err(error) if is_first && is_stale_statement(&error) => {
                is_first = false;
                db.era().end();
                if db.start_anew().await? {
                    continue;
                }
                return Err(error);
            }
            Err(_) => {}
        }
        return outcome;
    }
}

async fn run(
    db: &impl GenericClient,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Outcome, Error> {
    let statement = db.prepared(sql).await?;
    let values = values.iter().copied();
    let mut answer = pin!(db.driver().query_raw(&statement, values).await?);
    let mut rows = Vec::new();
    while let Some(row) = answer.try_next().await? {
        rows.push(row);
    }
    let number = answer.rows_affected().unwrap_or_default();
    Ok(Outcome { rows, number })
}

impl GenericClient for Object {
    type Driver = tokio_postgres::Client;

    fn driver(&self) -> &Self::Driver {
        &self.client
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        Box::pin(self.client.prepare_cached(sql)).await
    }

    fn did_something(&self) {}

    async fn start_anew(&self) -> Result<bool, Error> {
        self.client.statement_cache.clear();
        Ok(true)
    }

    fn era(&self) -> &Era {
        &self.era
    }
}

impl<'a> GenericClient for Transaction<'a> {
    type Driver = tokio_postgres::Transaction<'a>;

    fn driver(&self) -> &Self::Driver {
        &self.inner
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, Error> {
        Box::pin(self.inner.prepare_cached(sql)).await
    }

    fn did_something(&self) {
        self.is_new.store(false, Ordering::Relaxed);
    }

    async fn start_anew(&self) -> Result<bool, Error> {
        self.inner.statement_cache.clear();
        let is_new = self.is_new.load(Ordering::Relaxed);
        if is_new {
            self.inner.batch_execute("ROLLBACK; BEGIN").await?;
        }
        Ok(is_new)
    }

    fn era(&self) -> &Era {
        &self.era
    }
}
