//! What the service's role may do in its schema.

use super::{Finding, Findings};
use crate::Config;
use tokio_postgres::Client;

const SCHEMA: &str = "select has_schema_privilege(oid, 'usage'), has_schema_privilege(oid, 'create'), \
    current_user::text from pg_namespace where nspname = 'users'";
const TABLES: &str = "select relname::text from pg_class where relnamespace = to_regnamespace('users') \
    and relkind in ('r', 'p') and relname <> 'schema_migrations' \
    and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert') \
    and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete')) order by 1";

pub(super) async fn check(config: &Config, db: &Client) -> Findings {
    let Some(schema) = db.query_opt(SCHEMA, &[]).await? else {
        return Ok(vec![Finding::wrong(
            "there is no schema `users`",
            "make it, owned by the service's role, or let that role make it: `users-service migrate`",
        )]);
    };
    let (may_use, may_create, role): (bool, bool, String) =
        (schema.get(0), schema.get(1), schema.get(2));
    if !may_use {
        return Ok(vec![Finding::wrong(
            format!("{role} may not use the schema `users`"),
            format!("grant usage on schema users to {role}"),
        )]);
    }
    let mut found: Vec<_> = db
        .query(TABLES, &[])
        .await?
        .iter()
        .map(|row| {
            let table: &str = row.get(0);
            Finding::wrong(
                format!("{role} may not read and write the table {table}"),
                format!("grant select, insert, update, delete on users.{table} to {role}"),
            )
        })
        .collect();
    if config.auto_migrate && !may_create {
        found.push(Finding::warn(
            format!(
                "AUTO_MIGRATE is true, and {role} may not create anything in the schema `users`"
            ),
            "have its owner migrate, or grant create",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(format!("{role} may do what the service does")));
    }
    Ok(found)
}
