//! Reading the log of an account, and forgetting what is too old. Nothing changes a line.

use super::{GenericClient, all, execute};
use crate::{Result, domain::history::Entry};
use time::OffsetDateTime;
use uuid::Uuid;

/// The most lines that one clean-up takes, so that it never holds the table for long.
const BATCH: u64 = 10_000;

/// Up to `limit` lines of an account from after `from` on, newest first; `before` is the last
/// line that was read already.
pub async fn read(
    db: &impl GenericClient,
    user_id: Uuid,
    from: OffsetDateTime,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Entry>> {
    let rows = all(db, sql::read(user_id, from, before, limit)).await?;
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

/// Forgets lines from before `until`, a batch at a time, and says how many.
pub async fn forget(db: &impl GenericClient, until: OffsetDateTime) -> Result<u64> {
    execute(db, sql::forget(until, BATCH)).await
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid};
    use crate::storage::schema::{AuditLog, Schema};
    use sea_query::{
        DeleteStatement, Expr, ExprTrait, LockBehavior, LockType, Order, Query, SelectStatement,
    };

    /// A stretch of an account's log. Ids grow with time: the primary key is in the right order.
    #[must_use]
    pub fn read(
        user_id: Uuid,
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
            .and_where(Expr::col(AuditLog::UserId).eq(user_id))
            .and_where(Expr::col(AuditLog::CreatedAt).gt(from))
            .and_where_option(before.map(|before| Expr::col(AuditLog::Id).lt(before)))
            .order_by(AuditLog::Id, Order::Desc)
            .limit(limit)
            .take()
    }

    /// Deletes the oldest lines, passing over those that another replica is deleting.
    #[must_use]
    pub fn forget(until: OffsetDateTime, batch: u64) -> DeleteStatement {
        let old = Query::select()
            .columns([AuditLog::UserId, AuditLog::Id])
            .from((Schema::Users, AuditLog::Table))
            .and_where(Expr::col(AuditLog::CreatedAt).lte(until))
            .order_by(AuditLog::CreatedAt, Order::Asc)
            .limit(batch)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        Query::delete()
            .from_table((Schema::Users, AuditLog::Table))
            .and_where(
                Expr::tuple([Expr::col(AuditLog::UserId), Expr::col(AuditLog::Id)])
                    .in_subquery(old),
            )
            .take()
    }
}
