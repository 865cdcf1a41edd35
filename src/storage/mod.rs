//! SQL, built with sea-query, one file or folder per table family.
//!
//! Each file has a `sql` module of pure functions that build statements, and async functions
//! that run them. They take any [`GenericClient`], so that one function runs on a pooled
//! client and inside a transaction.

pub mod audit;
pub mod avatars;
mod connection;
mod database_time;
pub mod deletions;
pub mod devices;
pub mod email_changes;
pub mod email_restorations;
pub mod email_verifications;
pub mod exports;
pub mod fitness;
pub mod follows;
pub mod held_usernames;
pub mod history;
mod hosts;
pub mod known_devices;
pub mod leases;
pub mod lists;
pub mod migrate;
pub mod notices;
pub mod outbox;
pub mod password_resets;
pub mod patience;
pub mod personal_data;
pub mod pool;
pub mod pooler;
pub mod profiles;
pub mod quiet_mailboxes;
pub mod rate_limits;
pub mod replicas;
pub mod retention;
pub mod schema;
pub mod sessions;
#[cfg(test)]
mod statements;
pub mod suggestions;
pub mod tls;
mod traced;
pub mod url;
pub mod users;
pub mod web_sessions;
mod who;
mod with;

pub use connection::{GenericClient, Object, Transaction};
pub use pool::Pool;
pub use replicas::Replicas;
pub use who::Who;

use crate::{Error, Result};
use connection::{Era, Outcome};
use futures_util::FutureExt;
use sea_query::{Expr, PostgresQueryBuilder, Query, SelectStatement, UnionType};
use sea_query_postgres::PostgresBinder;
use std::time::Duration;
use tokio_postgres::Row;
use traced::traced;

/// How long the database may take for one statement, measured here: beyond the time-outs that it
/// keeps itself, for when it is gone without a word.
const STATEMENT_TIME: Duration = Duration::from_secs(6);

/// What a statement gives. One that shows the connection lost ends the era of all like it; one that
/// a request leaves behind, or that waits behind others which are answered, costs its own connection.
fn in_time<T>(
    era: &Era,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> impl Future<Output = Result<T>> {
    let sent = era.send();
    patience::wait(STATEMENT_TIME, work).map(move |answer| match answer {
        Ok(answer) => {
            sent.answered();
            let answer = answer.map_err(Error::from);
            if answer.as_ref().is_err_and(Error::is_lost_connection) {
                era.end();
            }
            answer
        }
        Err(late) => {
            if late.is_lost_connection() && !sent.was_overtaken() {
                era.end();
            } else if patience::not_begun(&late) {
                sent.taken_back();
            } else {
                era.leave();
            }
            Err(late)
        }
    })
}

/// Opens a transaction; it is rolled back unless it is committed.
pub async fn begin(client: &mut Object) -> Result<Transaction<'_>> {
    let era = client.era().clone();
    traced("BEGIN", in_time(&era, Transaction::begin(client))).await
}

/// Commits a transaction.
pub async fn commit(transaction: Transaction<'_>) -> Result<()> {
    let era = transaction.era().clone();
    traced("COMMIT", in_time(&era, transaction.commit())).await
}

/// Runs a statement.
async fn run(db: &impl GenericClient, statement: impl PostgresBinder) -> Result<Outcome> {
    let (sql, values) = statement.build_postgres(PostgresQueryBuilder);
    let values = values.as_params();
    // Boxed, like all that is long here, since it is part of every request's future.
    let work = in_time(db.era(), Box::pin(connection::send(db, &sql, &values)));
    traced(&sql, work).await
}

/// All rows of a statement.
pub(crate) async fn all(
    db: &impl GenericClient,
    statement: impl PostgresBinder,
) -> Result<Vec<Row>> {
    Ok(run(db, statement).await?.rows)
}

/// The row of a statement that gives one or none.
pub(crate) async fn optional(
    db: &impl GenericClient,
    statement: impl PostgresBinder,
) -> Result<Option<Row>> {
    Ok(all(db, statement).await?.into_iter().next())
}

/// The row of a statement that always gives one.
pub(crate) async fn one(db: &impl GenericClient, statement: impl PostgresBinder) -> Result<Row> {
    let row = optional(db, statement).await?;
    row.ok_or_else(|| Error::internal("a statement that always gives a row gave none"))
}

/// How many rows a statement changed.
pub(crate) async fn execute(
    db: &impl GenericClient,
    statement: impl PostgresBinder,
) -> Result<u64> {
    Ok(run(db, statement).await?.number)
}

/// These rows, of which there is one at least, where an array would have them too: how long that is
/// PostgreSQL knows only from its value, and plans for it anew every time, which takes longer than a
/// short statement itself.
fn rows(each: impl Iterator<Item = SelectStatement>) -> SelectStatement {
    each.reduce(|mut all, row| all.union(UnionType::All, row).take())
        .unwrap_or_default()
}

/// Whether the database answers.
pub async fn ping(pool: &Pool) -> Result<()> {
    let client = pool.get().await?;
    one(
        &client,
        Query::select().expr(Expr::current_timestamp()).take(),
    )
    .await
    .map(drop)
}
