//! Whether a database can be right for the service at all: a start, `migrate` and `doctor` ask.

use crate::error::Cause;
use std::fmt;
use tokio_postgres::Client;

/// The oldest that the service runs on, as `server_version_num` says it.
const OLDEST: i32 = 150_000;
const ABOUT: &str = "select current_setting('server_version_num')::int, current_setting('server_version'), \
    getdatabaseencoding()::text, pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool, \
    current_setting('standard_conforming_strings')::bool";

const SCHEMA: &str = "select has_schema_privilege(oid, 'usage'), current_user::text \
    from pg_namespace where nspname = 'users'";
const TABLES: &str = "select relname::text from pg_class where relnamespace = to_regnamespace('users') \
    and relkind in ('r', 'p') and relname = any($1) \
    and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert') \
    and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete')) order by 1";

/// What is wrong with a database, and what to do about it: two phrases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub found: String,
    /// What to do about it.
    pub to_do: String,
}

impl Fault {
    fn new(found: impl Into<String>, to_do: &str) -> Self {
        let (found, to_do) = (found.into(), to_do.to_owned());
        Self { found, to_do }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.found, self.to_do)
    }
}

/// What the service can't live with.
pub async fn faults(db: &Client) -> Result<Vec<Fault>, tokio_postgres::Error> {
    const RESET: &str = "reset it where it was set: `alter database`, `alter role`, postgresql.conf or DATABASE_URL";
    let row = db.query_one(ABOUT, &[]).await?;
    let (number, version, encoding): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
    let (is_standby, is_read_only, is_standard): (bool, bool, bool) =
        (row.get(3), row.get(4), row.get(5));
    let mut faults = Vec::new();
    if number < OLDEST {
        faults.push(Fault::new(
            format!("PostgreSQL {version} is too old"),
            "15 or newer is needed",
        ));
    }
    if encoding != "UTF8" {
        faults.push(Fault::new(
            format!("the database's encoding is {encoding}, which can't hold what people write"),
            "make one with `create database … encoding 'UTF8' template template0`, and move there what is in this one",
        ));
    }
    if is_standby {
        faults.push(Fault::new(
            "this database is a standby: nothing can be written",
            "name the primary in DATABASE_URL, or all hosts with target_session_attrs=read-write",
        ));
    } else if is_read_only {
        faults.push(Fault::new(
            "this database is read-only: default_transaction_read_only is on",
            RESET,
        ));
    }
    if !is_standard {
        faults.push(Fault::new(
            "standard_conforming_strings is off: texts in statements mean something else",
            RESET,
        ));
    }
    Ok(faults)
}

/// What the role may not do that the service does with these tables, where they are there.
pub async fn missing_rights(
    db: &Client,
    tables: &[&str],
) -> Result<Vec<Fault>, tokio_postgres::Error> {
    let Some(schema) = db.query_opt(SCHEMA, &[]).await? else {
        return Ok(Vec::new());
    };
    let (may_use, role): (bool, String) = (schema.get(0), schema.get(1));
    if !may_use {
        return Ok(vec![Fault::new(
            format!("{role} may not use the schema `users`"),
            &format!("grant usage on schema users to {role}"),
        )]);
    }
    let faults = db.query(TABLES, &[&tables]).await?;
    let faults = faults.iter().map(|row| {
        let table: &str = row.get(0);
        Fault::new(
            format!("{role} may not read and write the table {table}"),
            &format!("grant select, insert, update, delete on users.{table} to {role}"),
        )
    });
    Ok(faults.collect())
}

/// Refuses what the service can't live with.
///
/// # Errors
/// All faults, each with what to do.
pub fn refuse(faults: &[Fault]) -> Result<(), Cause> {
    if faults.is_empty() {
        return Ok(());
    }
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    Err(format!("the database can't be used: {}", faults.join("; ")).into())
}
