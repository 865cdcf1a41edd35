//! Sending one statement: in time, under its span, and with the connection's standing in view.

use super::{
    GenericClient, Object, Pool, Transaction,
    connection::{self, Era, Outcome},
    time_budget,
    traced::traced,
};
use crate::{Error, Result};
use futures_util::FutureExt;
use sea_query::{Expr, PostgresQueryBuilder, Query, SelectStatement, UnionType};
use sea_query_postgres::PostgresBinder;
use std::time::Duration;
use tokio_postgres::Row;

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
    time_budget::wait(STATEMENT_TIME, work).map(move |answer| match answer {
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
            } else if time_budget::not_begun(&late) {
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
pub async fn all(db: &impl GenericClient, statement: impl PostgresBinder) -> Result<Vec<Row>> {
    Ok(run(db, statement).await?.rows)
}

/// The row of a statement that gives one or none.
pub async fn optional(
    db: &impl GenericClient,
    statement: impl PostgresBinder,
) -> Result<Option<Row>> {
    Ok(all(db, statement).await?.into_iter().next())
}

/// The row of a statement that always gives one.
pub async fn one(db: &impl GenericClient, statement: impl PostgresBinder) -> Result<Row> {
    let row = optional(db, statement).await?;
    row.ok_or_else(|| Error::internal("a statement that always gives a row gave none"))
}

/// How many rows a statement changed.
pub async fn execute(db: &impl GenericClient, statement: impl PostgresBinder) -> Result<u64> {
    Ok(run(db, statement).await?.number)
}

/// These rows, of which there is one at least, where an array would have them too: how long that is
/// PostgreSQL knows only from its value, and plans for it anew every time, which takes longer than a
/// short statement itself.
pub fn rows(each: impl Iterator<Item = SelectStatement>) -> SelectStatement {
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
