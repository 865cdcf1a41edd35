//! Migrations: the SQL files under `migrations/`, embedded, applied in order, once.

use super::{fitness, pool, pooler};
use crate::error::{Cause, Result, causes};
use refinery::{Runner, Target};
use sea_query::{Expr, ExprTrait, PostgresQueryBuilder, Query};
use std::collections::HashMap;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Where the runner notes what it applied.
const TABLE: &str = "users.schema_migrations";
/// One migration at a time over all replicas. The lock ends with its transaction, which has a connection
/// of its own: a lock of a session may stay with a pooler.
const LOCK: &str = "begin; set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0; \
    set local lock_timeout = 0; select pg_advisory_xact_lock(hashtext('users-service.migrate'))";
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
/// A database that is newer stays as it is; one that can't be right, and an applied file that was edited
/// since, are refused.
pub async fn run(url: &str, to: Option<i32>) -> Result<Report, Cause> {
    fitness::refuse(pooler::look(url).await?.fault.as_slice())?;
    let mut client = pool::direct(url).await?;
    fitness::refuse(&fitness::faults(&client).await?)?;
    let lock = pool::direct(url).await?;
    lock.batch_execute(LOCK).await?;
    let report = apply(&mut client, to).await;
    // The lock ends with the connection anyway.
    lock.batch_execute("rollback").await.ok();
    report.map_err(explained)
}

/// An error with what to do where the role lacks a right (42501).
fn explained(error: Cause) -> Cause {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(one) = cause {
        let state = one.downcast_ref().and_then(tokio_postgres::Error::code);
        if state.is_some_and(|state| state.code() == "42501") {
            return format!(
                "the role of DATABASE_URL may not migrate ({}): have the owner of the schema `users` run `users-service \
                 migrate`, or let the role create in it (`grant create on schema users`, where it is missing `grant \
                 create on database`)",
                causes(&*error)
            )
            .into();
        }
        cause = one.source();
    }
    error
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

/// How a database stands to this binary's files.
#[derive(Debug)]
pub struct State {
    /// Versions that were not applied, in order.
    pub missing: Vec<i32>,
    /// Versions that this binary does not know.
    pub newer: Vec<i32>,
    /// Files that were applied with another text.
    pub edited: Vec<String>,
}

/// Compares a database with the files.
pub async fn state(client: &tokio_postgres::Client) -> Result<State> {
    let mut applied = HashMap::new();
    // A database that was never migrated has no such table.
    if version(client).await? > 0 {
        let sql = Query::select()
            .columns(["version", "checksum"])
            .from(("users", "schema_migrations"))
            .to_string(PostgresQueryBuilder);
        for row in client.query(&sql, &[]).await? {
            applied.insert(row.get::<_, i32>(0), row.get::<_, String>(1));
        }
    }
    let mut state = State {
        missing: Vec::new(),
        newer: Vec::new(),
        edited: Vec::new(),
    };
    for file in runner().get_migrations() {
        match applied.remove(&file.version()) {
            None => state.missing.push(file.version()),
            Some(checksum) if checksum != file.checksum().to_string() => {
                state.edited.push(file.to_string());
            }
            Some(_) => {}
        }
    }
    state.missing.sort_unstable();
    state.newer.extend(applied.into_keys());
    Ok(state)
}

/// The version of a database; 0 when it was never migrated.
pub async fn version(client: &tokio_postgres::Client) -> Result<i32> {
    // Looked up first: an error would end the transaction that this may be part of.
    let is_there = Expr::cust("to_regclass('users.schema_migrations') is not null");
    let table = Query::select()
        .expr(is_there)
        .to_string(PostgresQueryBuilder);
    if !client.query_one(&table, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let sql = Query::select()
        .expr(Expr::col("version").max())
        .from(("users", "schema_migrations"))
        .to_string(PostgresQueryBuilder);
    let row = client.query_one(&sql, &[]).await?;
    Ok(row.get::<_, Option<i32>>(0).unwrap_or(0))
}
