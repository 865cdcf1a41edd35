//! What the service's role may do in its schema.

use super::{Finding, Findings, schema};
use crate::{Config, database::fitness};
use tokio_postgres::Client;

const SCHEMA: &str = "select has_schema_privilege(oid, 'create'), current_user::text \
    from pg_namespace where nspname = 'users'";

pub(super) async fn check(config: &Config, db: &Client) -> Findings {
    let Some(schema) = db.query_opt(SCHEMA, &[]).await? else {
        return Ok(vec![Finding::wrong(
            "there is no schema `users`",
            "make it, owned by the service's role, or let that role make it: `users-service migrate`",
        )]);
    };
    let (may_create, role): (bool, String) = (schema.get(0), schema.get(1));
    let faults = fitness::missing_rights(db, &schema::tables()).await?;
    let mut found: Vec<_> = faults.into_iter().map(Finding::from).collect();
    if found.is_empty() && config.auto_migrate && !may_create {
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
