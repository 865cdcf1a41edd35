//! SQL, built with sea-query, one file per table family.
//!
//! Each file has a `sql` module of pure functions that build statements, and async functions
//! that run them. They take any [`GenericClient`], so that one function runs on a pooled
//! client and inside a transaction.

pub mod audit;
pub mod avatars;
pub mod email_verifications;
pub mod follows;
pub mod migrate;
pub mod outbox;
pub mod pool;
pub mod profiles;
pub mod schema;
pub mod sessions;
#[cfg(test)]
mod statements;
pub mod tls;
pub mod users;
pub mod web_sessions;

pub use deadpool_postgres::GenericClient;
pub use pool::Pool;

use crate::Result;
use sea_query::{Expr, PostgresQueryBuilder, Query};
use sea_query_postgres::PostgresBinder;
use tokio_postgres::Row;

/// All rows of a statement.
pub(crate) async fn all(
    db: &impl GenericClient,
    statement: impl PostgresBinder,
) -> Result<Vec<Row>> {
    let (sql, values) = statement.build_postgres(PostgresQueryBuilder);
    let prepared = db.prepare_cached(&sql).await?;
    Ok(db.query(&prepared, &values.as_params()).await?)
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
    let (sql, values) = statement.build_postgres(PostgresQueryBuilder);
    let prepared = db.prepare_cached(&sql).await?;
    Ok(db.query_one(&prepared, &values.as_params()).await?)
}

/// How many rows a statement changed.
pub(crate) async fn execute(
    db: &impl GenericClient,
    statement: impl PostgresBinder,
) -> Result<u64> {
    let (sql, values) = statement.build_postgres(PostgresQueryBuilder);
    let prepared = db.prepare_cached(&sql).await?;
    Ok(db.execute(&prepared, &values.as_params()).await?)
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
