//! Which migrations were applied, and whether they were these.

use super::{Finding, Findings};
use crate::database::migrate::{self, State};
use tokio_postgres::Client;

pub(super) async fn check(db: &Client) -> Findings {
    let state = migrate::state(db).await?;
    let mut found: Vec<_> = state.edited.iter().map(|name| {
        Finding::wrong(
            format!("{name} was applied as another text than this program has"),
            "never edit a migration that was applied; take the program that the database was made with",
        )
    }).collect();
    found.extend(of_versions(&state));
    Ok(found)
}

fn of_versions(state: &State) -> Vec<Finding> {
    let newest = migrate::newest();
    if !state.missing.is_empty() {
        return vec![Finding::wrong(
            format!(
                "{} missing of {newest}: {:?}",
                state.missing.len(),
                state.missing
            ),
            "`users-service migrate`",
        )];
    }
    if !state.newer.is_empty() {
        return vec![Finding::warn(
            format!(
                "the schema is at {}, newer than this program's {newest}",
                state.newer.iter().max().unwrap_or(&newest)
            ),
            "fine while a new version rolls out or after it was rolled back; else take the newer program",
        )];
    }
    vec![Finding::ok(format!("all {newest} are applied"))]
}
