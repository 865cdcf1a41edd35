//! Whether the schema is what the migrations make: the catalogue as text against `schema.txt`, which
//! `tests/it/doctor_database.rs` holds against a database that was just migrated.

use super::{Finding, Findings};
use crate::{database::migrate, error::Cause};
use std::collections::BTreeMap;
use tokio_postgres::Client;

/// What the migrations make, as [`catalogue`] tells it.
const EXPECTED: &str = include_str!("schema.txt");
/// A line for each table, column, constraint, index and trigger: kind, name, and what it is.
const CATALOGUE: &str = include_str!("schema.sql");
const INVALID: &str = "select relname::text from pg_index join pg_class on pg_class.oid = indexrelid \
    where relnamespace = to_regnamespace('users') and not (indisvalid and indisready) order by 1";
/// More differences than this are one: another database.
const MOST: usize = 20;

pub(super) async fn check(db: &Client) -> Findings {
    let mut found = invalid_indexes(db).await?;
    let state = migrate::state(db).await?;
    if !state.missing.is_empty() || !state.newer.is_empty() {
        let found = "not compared: it is not of this program's version";
        return Ok(vec![Finding::warn(
            found,
            "see what was said about migrations",
        )]);
    }
    found.extend(differences(EXPECTED, &catalogue(db).await?));
    if found.is_empty() {
        let things = EXPECTED.lines().count();
        found.push(Finding::ok(format!(
            "all {things} tables, columns, constraints and indexes are as the migrations made them"
        )));
    }
    Ok(found)
}

/// The tables that the migrations make, by name, in which the service reads and writes.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    let lines = EXPECTED.lines();
    let tables = lines.filter_map(|line| line.strip_prefix("table ")?.split(' ').next());
    tables.filter(|name| *name != "schema_migrations").collect()
}

/// The schema `users` as text. The connection's `search_path` must not have `users` in it.
pub async fn catalogue(db: &Client) -> Result<String, Cause> {
    let rows = db.query(CATALOGUE, &[]).await?;
    let lines: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    Ok(lines.join("\n") + "\n")
}

async fn invalid_indexes(db: &Client) -> Findings {
    let rows = db.query(INVALID, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let index: &str = row.get(0);
            Finding::wrong(
                format!("the index {index} is invalid: nothing is found by it"),
                format!("reindex index concurrently users.{index}"),
            )
        })
        .collect())
}

fn differences(expected: &str, actual: &str) -> Vec<Finding> {
    let (expected, actual) = (by_name(expected), by_name(actual));
    let mut found = Vec::new();
    for (name, is) in &expected {
        match actual.get(name) {
            None => found.push(Finding::wrong(
                format!("the {name} is gone"),
                format!("put it back: {is}"),
            )),
            Some(other) if other != is => found.push(Finding::wrong(
                format!("the {name} is {other}"),
                format!("make it {is}"),
            )),
            Some(_) => {}
        }
    }
    for (name, is) in &actual {
        if !expected.contains_key(name) {
            found.push(Finding::warn(
                format!("the {name} ({is}) is of no migration"),
                "keep it if you made it and know why, else drop it",
            ));
        }
    }
    if let Some(more) = found.len().checked_sub(MOST + 1) {
        found.truncate(MOST);
        found.push(Finding::wrong(
            format!("and {} more differences", more + 1),
            "is this the right database?",
        ));
    }
    found
}

/// What is behind the first two words, by them.
fn by_name(catalogue: &str) -> BTreeMap<String, &str> {
    let named = catalogue.lines().filter_map(|line| {
        let (kind, rest) = line.split_once(' ')?;
        let (name, is) = rest.split_once(' ').unwrap_or((rest, ""));
        Some((format!("{kind} {name}"), is))
    });
    named.collect()
}
