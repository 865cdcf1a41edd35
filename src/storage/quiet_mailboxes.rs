//! Mailboxes that want to hear nothing of accounts they did not ask for: `users.quiet_mailboxes`.

use super::rate_limits::Key;
use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::OffsetDateTime;

/// Keeps a mailbox quiet until then.
pub async fn quieten(db: &impl GenericClient, key: &Key, until: OffsetDateTime) -> Result<()> {
    execute(db, sql::quieten(key, until)).await.map(drop)
}

/// Until when a mailbox is quiet, if it is now.
pub async fn quiet_until(
    db: &impl GenericClient,
    key: &Key,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>> {
    let row = optional(db, sql::quiet_until(key, now)).await?;
    Ok(row.map(|row| row.get(0)))
}

/// The statements.
pub mod sql {
    use super::{Key, OffsetDateTime};
    use crate::storage::schema::{QuietMailboxes, Schema};
    use sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement};

    /// A quiet mailbox, or a later end of its quiet.
    #[must_use]
    pub fn quieten(key: &Key, until: OffsetDateTime) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, QuietMailboxes::Table))
            .columns([QuietMailboxes::Key, QuietMailboxes::Until])
            .values_panic([key.as_slice().into(), until.into()])
            .on_conflict(
                OnConflict::column(QuietMailboxes::Key)
                    .update_column(QuietMailboxes::Until)
                    .to_owned(),
            )
            .take()
    }

    /// The end of a mailbox's quiet.
    #[must_use]
    pub fn quiet_until(key: &Key, now: OffsetDateTime) -> SelectStatement {
        Query::select()
            .column(QuietMailboxes::Until)
            .from((Schema::Users, QuietMailboxes::Table))
            .and_where(Expr::col(QuietMailboxes::Key).eq(key.as_slice()))
            .and_where(Expr::col(QuietMailboxes::Until).gt(now))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{HASH, NOW},
    };

    statements! {
        quieten(&HASH, NOW);
        quiet_until(&HASH, NOW);
    }
}
