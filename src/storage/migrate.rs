//! Migrations: the SQL files under `migrations/`, embedded, applied in order, once.

use super::{pool, schema::Schema};
use crate::error::{Cause, Error, Result};
use refinery::{Runner, Target};
use sea_query::{Expr, ExprTrait, PostgresQueryBuilder, Query};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Where the runner notes what it applied.
const TABLE: &str = "users.schema_migrations";
/// One migration at a time over all replicas, on this connection's own session.
const LOCK: &str = "select pg_advisory_lock(hashtext('users-service.migrate'))";
const UNLOCK: &str = "select pg_advisory_unlock(hashtext('users-service.migrate'))";
/// Looks before it creates: a role may own its schema without the right to make schemas.
const SCHEMA: &str = "do $$ begin
    if not exists (select from pg_namespace where nspname = 'users') then
        create schema users;
    end if;
end $$";

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// The versions it applied, in order.
    pub applied: Vec<i32>,
}

/// Applies what is missing, up to `to` or the newest. Idempotent; several may start at once.
/// A database that is newer stays as it is; an applied file that was edited since is refused.
pub async fn run(url: &str, to: Option<i32>) -> Result<Report, Cause> {
    let mut client = pool::direct(url).await?;
    client.batch_execute(LOCK).await?;
    let report = apply(&mut client, to).await;
    // The lock ends with the connection anyway.
    client.batch_execute(UNLOCK).await.ok();
    report
}

async fn apply(client: &mut tokio_postgres::Client, to: Option<i32>) -> Result<Report, Cause> {
    client.batch_execute(SCHEMA).await?;
    let target = to.map_or(Target::Latest, Target::Version);
    let report = runner().set_target(target).run_async(client).await?;
    Ok(Report {
        applied: report
            .applied_migrations()
            .iter()
            .map(refinery::Migration::version)
            .collect(),
    })
}

fn runner() -> Runner {
    let mut runner = embedded::migrations::runner()
        .set_abort_divergent(true)
        .set_abort_missing(false);
    runner.set_migration_table_name(TABLE);
    runner
}

/// The newest version in this binary.
#[must_use]
pub fn newest() -> i32 {
    runner()
        .get_migrations()
        .iter()
        .map(refinery::Migration::version)
        .max()
        .unwrap_or(0)
}

/// The version of a database; 0 when it was never migrated.
pub async fn version(client: &tokio_postgres::Client) -> Result<i32> {
    let sql = Query::select()
        .expr(Expr::col("version").max())
        .from((Schema::Users, "schema_migrations"))
        .to_string(PostgresQueryBuilder);
    match client.query_one(&sql, &[]).await {
        Ok(row) => Ok(row.get::<_, Option<i32>>(0).unwrap_or(0)),
        // 42P01: no such table; 3F000: no such schema.
        Err(error)
            if matches!(
                error.code().map(tokio_postgres::error::SqlState::code),
                Some("42P01" | "3F000")
            ) =>
        {
            Ok(0)
        }
        Err(error) => Err(Error::from(error)),
    }
}
