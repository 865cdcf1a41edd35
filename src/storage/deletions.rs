//! Accounts that are to be deleted: asking for it, keeping the account after all, and taking it
//! away for good in batches, so that no transaction is long whoever leaves.

use super::{GenericClient, all, execute, optional, retention};
use crate::Result;
use time::OffsetDateTime;
use uuid::Uuid;

/// How many edges go at once.
pub const BATCH: u64 = 500;

/// Locks an account that is not to be deleted yet, until the transaction ends, and sets the end of
/// its window; false when there is none.
pub async fn request(
    db: &impl GenericClient,
    user_id: Uuid,
    delete_after: OffsetDateTime,
) -> Result<bool> {
    Ok(execute(db, sql::request(user_id, delete_after)).await? > 0)
}

/// Keeps an account whose window has not ended, if it still has the password that was verified;
/// gives its handle then.
pub async fn keep(
    db: &impl GenericClient,
    user_id: Uuid,
    password_hash: &str,
    now: OffsetDateTime,
) -> Result<Option<String>> {
    let row = optional(db, sql::keep(user_id, password_hash, now)).await?;
    Ok(row.map(|row| row.get(0)))
}

/// An account that is taken away.
pub struct Leaving {
    /// The account.
    pub id: Uuid,
    /// Its handle.
    pub username: String,
}

/// Locks an account whose window has ended until the transaction ends, and marks it: nothing
/// brings it back from here on. Those that another is deleting right now are passed over.
pub async fn claim(db: &impl GenericClient, now: OffsetDateTime) -> Result<Option<Leaving>> {
    let row = optional(db, sql::claim(now)).await?;
    Ok(row.map(|row| Leaving {
        id: row.get(0),
        username: row.get(1),
    }))
}

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
    execute(db, super::follows::sql::forget_counts(user_id)).await?;
    execute(db, sql::delete(user_id)).await.map(drop)
}

/// Lets an account wait that could not be deleted, so that it does not hold up others.
pub async fn postpone(
    db: &impl GenericClient,
    user_id: Uuid,
    until: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::postpone(user_id, until, now))
        .await
        .map(drop)
}

/// The statements.
pub mod sql {
    use super::{BATCH, OffsetDateTime, Uuid};
    use crate::{
        domain::follow::slot,
        storage::{
            retention,
            schema::{AuditLog, FollowCounts, Follows, Schema, Users},
            with::{cte, cte_once, with},
        },
    };
    use sea_query::{
        Alias, Cond, DeleteStatement, Expr, ExprTrait, Func, FunctionCall, LockBehavior, LockType,
        Order, Query, UpdateStatement, WithQuery,
    };

    fn account(user_id: Uuid) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .and_where(Expr::col((Users::Table, Users::Id)).eq(user_id))
            .take()
    }

    /// Sets the end of an account's window, once.
    #[must_use]
    pub fn request(user_id: Uuid, delete_after: OffsetDateTime) -> UpdateStatement {
        account(user_id)
            .value(Users::DeleteAfter, delete_after)
            .and_where(Expr::col(Users::DeleteAfter).is_null())
            .take()
    }

    /// Takes the end of the window away while it lies ahead and nobody began.
    #[must_use]
    pub fn keep(user_id: Uuid, password_hash: &str, now: OffsetDateTime) -> UpdateStatement {
        account(user_id)
            .value(Users::DeleteAfter, Expr::val(None::<OffsetDateTime>))
            .and_where(Expr::col(Users::PasswordHash).eq(password_hash))
            .and_where(Expr::col(Users::DeleteAfter).gt(now))
            .and_where(Expr::col(Users::DeletionStartedAt).is_null())
            .returning_col(Users::Username)
            .take()
    }

    /// Locks and marks the account whose window ended first.
    #[must_use]
    pub fn claim(now: OffsetDateTime) -> WithQuery {
        let due = Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::DeleteAfter).lte(now))
            .order_by(Users::DeleteAfter, Order::Asc)
            .limit(1)
            .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
            .take();
        let due = cte_once("due", due);
        let last = Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::DeletionStartedAt, started(now))
            .from(Alias::new("due"))
            .and_where(Expr::col((Users::Table, Users::Id)).equals(("due", Users::Id)))
            .returning(
                Query::returning()
                    .columns([(Users::Table, Users::Id), (Users::Table, Users::Username)]),
            )
            .take();
        with([due], last)
    }

    /// Moves an account behind the others. It stays marked.
    #[must_use]
    pub fn postpone(user_id: Uuid, until: OffsetDateTime, now: OffsetDateTime) -> UpdateStatement {
        account(user_id)
            .value(Users::DeleteAfter, until)
            .value(Users::DeletionStartedAt, started(now))
            .and_where(Expr::col(Users::DeleteAfter).lte(now))
            .take()
    }

    fn started(now: OffsetDateTime) -> FunctionCall {
        let before = Expr::col((Users::Table, Users::DeletionStartedAt));
        Func::coalesce([before, Expr::val(now)])
    }

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

    /// That an account is not to be deleted: others see it.
    pub(in crate::storage) fn is_kept() -> Expr {
        Expr::col((Users::Table, Users::DeleteAfter)).is_null()
    }
}
