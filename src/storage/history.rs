//! Reading the log of an account. Nothing changes a line.

use super::Who;
use crate::{
    Result,
    database::{GenericClient, all},
    domain::history::Entry,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Up to `limit` lines of an account from after `from` on, newest first; `before` is the last
/// line that was read already.
pub async fn read(
    db: &impl GenericClient,
    who: Who,
    from: OffsetDateTime,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Entry>> {
    let rows = all(db, sql::read(who, from, before, limit)).await?;
    let entries = rows.iter().map(|row| Entry {
        id: row.get(0),
        event: row.get(1),
        at: row.get(2),
        device: row.get(3),
        network: row.get(4),
        detail: row.get(5),
    });
    Ok(entries.collect())
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid, Who};
    use crate::storage::schema::{AuditLog, Schema};
    use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

    /// A stretch of an account's log. Ids grow with time: the primary key is in the right order.
    #[must_use]
    pub fn read(
        who: Who,
        from: OffsetDateTime,
        before: Option<Uuid>,
        limit: u64,
    ) -> SelectStatement {
        Query::select()
            .columns([
                AuditLog::Id,
                AuditLog::Event,
                AuditLog::CreatedAt,
                AuditLog::Device,
                AuditLog::Address,
                AuditLog::Detail,
            ])
            .from((Schema::Users, AuditLog::Table))
            .and_where(Expr::col(AuditLog::UserId).eq(who))
            .and_where(Expr::col(AuditLog::CreatedAt).gt(from))
            .and_where_option(before.map(|before| Expr::col(AuditLog::Id).lt(before)))
            .order_by(AuditLog::Id, Order::Desc)
            .limit(limit)
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{ACCOUNT, B, NOW, SESSION},
    };

    statements! {
        read(ACCOUNT, NOW, Some(B), 500), "an account";
        read(SESSION, NOW, Some(B), 500), "a session";
        read(SESSION, NOW, None, 500), "a session's newest";
    }
}
