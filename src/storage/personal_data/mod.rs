//! Everything about an account, read page by page, each newest first. What is secret is not in
//! it: no hash, no token.

mod part;
pub mod sql;

pub use part::Part;

use crate::{
    Error, Result,
    database::{GenericClient, all},
};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio_postgres::{Row, types::Type};
use uuid::Uuid;

/// How many rows a page has.
pub const PAGE: u64 = 1_000;

/// Where a page ended: the first two columns of its last row.
pub type Cursor = (OffsetDateTime, Uuid);

/// A row of a part: its values in the order of [`Part::columns`].
pub type Values = Vec<Value>;

/// The next rows of a part, and where to go on; no rows at the end.
pub async fn page(
    db: &impl GenericClient,
    user_id: Uuid,
    part: Part,
    after: Option<Cursor>,
) -> Result<(Vec<Values>, Option<Cursor>)> {
    let rows = all(db, sql::page(user_id, part, after)).await?;
    let last = rows.last().map(|row| (row.get(0), row.get(1)));
    let values = rows.iter().map(values).collect::<Result<_>>()?;
    Ok((values, last))
}

fn values(row: &Row) -> Result<Values> {
    (0..row.len()).map(|at| value(row, at)).collect()
}

fn value(row: &Row, at: usize) -> Result<Value> {
    Ok(match *row.columns()[at].type_() {
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.into(),
        Type::UUID => row
            .try_get::<_, Option<Uuid>>(at)?
            .map(|id| id.to_string())
            .into(),
        Type::TIMESTAMPTZ => row
            .try_get::<_, Option<OffsetDateTime>>(at)?
            .map(|time| time.format(&Rfc3339))
            .transpose()
            .map_err(Error::internal)?
            .into(),
        Type::TEXT_ARRAY => row.try_get::<_, Vec<String>>(at)?.join(" ").into(),
        _ => row.try_get::<_, Option<String>>(at)?.into(),
    })
}

#[cfg(test)]
mod reviewed {
    use super::{Cursor, Part, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B, NOW},
    };

    const AFTER: Option<Cursor> = Some((NOW, B));

    statements! {
        page(A, Part::Account, AFTER), "account";
        page(A, Part::Followers, AFTER), "followers";
        page(A, Part::Following, AFTER), "following";
        page(A, Part::Sessions, AFTER), "sessions";
        page(A, Part::SecurityHistory, AFTER), "security history";
        page(A, Part::Mails, AFTER), "mails";
        page(A, Part::EmailChanges, AFTER), "changes of addresses";
        page(A, Part::FormerEmails, AFTER), "former addresses";
        page(A, Part::FormerUsernames, AFTER), "former names";
        page(A, Part::EmailVerifications, AFTER), "links to prove an address";
        page(A, Part::PasswordResets, AFTER), "links to set a password";
        page(A, Part::KnownDevices, AFTER), "known devices";
    }
}
