//! Taking an account whose window has ended, to delete it, and letting it wait.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::OffsetDateTime;
use uuid::Uuid;

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
    use super::{OffsetDateTime, Uuid};
    use crate::{
        database::cte::{cte_once, with},
        storage::{
            deletions::account,
            schema::{Schema, Users},
        },
    };
    use sea_query::{
        Alias, Expr, ExprTrait, Func, FunctionCall, LockBehavior, LockType, Order, Query,
        UpdateStatement, WithQuery,
    };

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
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, NOW},
    };

    statements! {
        claim(NOW);
        postpone(A, NOW, NOW);
    }
}
