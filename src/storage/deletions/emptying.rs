//! Deleting what an account has, batch by batch, and the account itself at last.

use crate::{
    Result,
    storage::{GenericClient, all, execute, follows, retention},
};
use uuid::Uuid;

/// How many edges go at once.
pub const BATCH: u64 = 500;

/// Deletes up to [`BATCH`] edges of an account in each direction, and takes them out of the counts
/// of those at the other end, whom it gives. Its own counts are not kept: they go with it.
pub async fn delete_edges(db: &impl GenericClient, user_id: Uuid) -> Result<Vec<Uuid>> {
    let mut others = all(db, sql::delete_followers(user_id)).await?;
    others.extend(all(db, sql::delete_followees(user_id)).await?);
    Ok(others.iter().map(|row| row.get(0)).collect())
}

/// Deletes a batch of an account's rows in each table where there may be many, and takes what
/// tells of the person out of a batch of the audit log; says how many rows it found.
pub async fn delete_rows(db: &impl GenericClient, user_id: Uuid) -> Result<u64> {
    let mut found = 0;
    for statement in retention::sql::all_of(user_id) {
        found += execute(db, statement).await?;
    }
    Ok(found + execute(db, sql::anonymise(user_id)).await?)
}

/// Deletes the account itself, with the few rows that are left.
pub async fn delete(db: &impl GenericClient, user_id: Uuid) -> Result<()> {
    execute(db, follows::sql::forget_counts(user_id)).await?;
    execute(db, sql::delete(user_id)).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::{BATCH, Uuid};
    use crate::{
        domain::follow::slot,
        storage::{
            retention,
            schema::{AuditLog, FollowCounts, Follows, Schema, Users},
            with::{cte, with},
        },
    };
    use sea_query::{
        Alias, Cond, DeleteStatement, Expr, ExprTrait, LockType, Order, Query, UpdateStatement,
        WithQuery,
    };

    /// A batch of the edges that lead to a person. Gives where they come from.
    #[must_use]
    pub fn delete_followers(person: Uuid) -> WithQuery {
        // A person's own followees are kept in slot 0.
        delete_edges(
            person,
            (Follows::FolloweeId, Follows::FollowerId),
            (FollowCounts::Followees, 0),
        )
    }

    /// A batch of the edges that lead away from a person. Gives where they lead.
    #[must_use]
    pub fn delete_followees(person: Uuid) -> WithQuery {
        delete_edges(
            person,
            (Follows::FollowerId, Follows::FolloweeId),
            (FollowCounts::Followers, slot(person)),
        )
    }

    /// `edge` takes the edges away, `counter` locks the counters of those at the other end in id
    /// order, as all who change counts do, and `counted` takes one off each.
    fn delete_edges(
        person: Uuid,
        (own, other): (Follows, Follows),
        (count, slot): (FollowCounts, i16),
    ) -> WithQuery {
        let (edge, counter) = (Alias::new("edge"), Alias::new("counter"));
        let some = Query::select()
            .column(other)
            .from((Schema::Users, Follows::Table))
            .and_where(Expr::col(own).eq(person))
            .limit(BATCH)
            .take();
        let edges = Query::delete()
            .from_table((Schema::Users, Follows::Table))
            .and_where(Expr::col(own).eq(person))
            .and_where(Expr::col(other).in_subquery(some))
            .returning_col(other)
            .take();
        let others = Query::select().column(other).from(edge.clone()).take();
        let counters = Query::select()
            .column(FollowCounts::UserId)
            .from((Schema::Users, FollowCounts::Table))
            .and_where(Expr::col(FollowCounts::UserId).in_subquery(others))
            .and_where(Expr::col(FollowCounts::Slot).eq(slot))
            .order_by(FollowCounts::UserId, Order::Asc)
            .lock(LockType::NoKeyUpdate)
            .take();
        let locked = Query::select()
            .column(FollowCounts::UserId)
            .from(counter)
            .take();
        let counted = Query::update()
            .table((Schema::Users, FollowCounts::Table))
            .value(count, Expr::col(count).sub(1_i64))
            .and_where(Expr::col(FollowCounts::UserId).in_subquery(locked))
            .and_where(Expr::col(FollowCounts::Slot).eq(slot))
            .returning_col(FollowCounts::UserId)
            .take();
        let last = Query::select().column(other).from(edge).take();
        with(
            [
                cte("edge", edges),
                cte("counter", counters),
                cte("counted", counted),
            ],
            last,
        )
    }

    /// Takes what tells of the person out of a batch of the lines of an account.
    #[must_use]
    pub fn anonymise(user_id: Uuid) -> UpdateStatement {
        let nothing = || Expr::val(None::<String>);
        let telling = Query::select()
            .column(AuditLog::Id)
            .from((Schema::Users, AuditLog::Table))
            .and_where(Expr::col(AuditLog::UserId).eq(user_id))
            .cond_where(
                Cond::any()
                    .add(Expr::col(AuditLog::Address).is_not_null())
                    .add(Expr::col(AuditLog::Device).is_not_null())
                    .add(Expr::col(AuditLog::Detail).is_not_null()),
            )
            .limit(retention::BATCH)
            .take();
        Query::update()
            .table((Schema::Users, AuditLog::Table))
            .value(AuditLog::Address, nothing())
            .value(AuditLog::Device, nothing())
            .value(AuditLog::Detail, nothing())
            .and_where(Expr::col(AuditLog::UserId).eq(user_id))
            .and_where(Expr::col(AuditLog::Id).in_subquery(telling))
            .take()
    }

    /// The account itself, once its deletion began.
    #[must_use]
    pub fn delete(user_id: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(user_id))
            .and_where(Expr::col(Users::DeletionStartedAt).is_not_null())
            .take()
    }
}
