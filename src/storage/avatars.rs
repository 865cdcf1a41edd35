//! Which pictures were issued to whom.

use crate::{
    Result,
    database::{GenericClient, all, execute, optional},
};
use std::collections::HashSet;
use time::OffsetDateTime;
use uuid::Uuid;

/// Locks an account until the transaction ends, so that its pictures change one after another;
/// false when there is no such account.
pub async fn lock_owner(db: &impl GenericClient, user_id: Uuid) -> Result<bool> {
    Ok(optional(db, sql::lock_owner(user_id)).await?.is_some())
}

/// Notes that a picture was issued to a person, now.
pub async fn issue(
    db: &impl GenericClient,
    user_id: Uuid,
    name: &str,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::issue(user_id, name, now)).await.map(drop)
}

/// The names of all pictures issued to a person, newest first.
pub async fn issued(db: &impl GenericClient, user_id: Uuid) -> Result<Vec<String>> {
    let rows = all(db, sql::issued(user_id)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Forgets these pictures of a person.
pub async fn forget(db: &impl GenericClient, user_id: Uuid, names: &[String]) -> Result<()> {
    execute(db, sql::forget(user_id, names)).await.map(drop)
}

/// Those of these names that are issued to somebody.
pub async fn named(db: &impl GenericClient, names: &[String]) -> Result<HashSet<String>> {
    let rows = all(db, sql::named(names)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid};
    use crate::storage::{
        schema::{Avatars, Schema, Users},
        users::sql::is_visible,
    };
    use sea_query::{
        DeleteStatement, Expr, ExprTrait, InsertStatement, LockType, Order, Query, SelectStatement,
        extension::postgres::PgExpr,
    };

    /// An account, locked against other changes but not against follows.
    #[must_use]
    pub fn lock_owner(user_id: Uuid) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(user_id))
            .and_where(is_visible())
            .lock(LockType::NoKeyUpdate)
            .take()
    }

    /// A picture issued.
    #[must_use]
    pub fn issue(user_id: Uuid, name: &str, now: OffsetDateTime) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, Avatars::Table))
            .columns([Avatars::UserId, Avatars::Name, Avatars::CreatedAt])
            .values_panic([user_id.into(), name.into(), now.into()])
            .take()
    }

    /// All pictures of a person.
    #[must_use]
    pub fn issued(user_id: Uuid) -> SelectStatement {
        Query::select()
            .column(Avatars::Name)
            .from((Schema::Users, Avatars::Table))
            .and_where(Expr::col(Avatars::UserId).eq(user_id))
            .order_by(Avatars::CreatedAt, Order::Desc)
            .take()
    }

    /// Some pictures of a person, gone.
    #[must_use]
    pub fn forget(user_id: Uuid, names: &[String]) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, Avatars::Table))
            .and_where(Expr::col(Avatars::UserId).eq(user_id))
            .and_where(Expr::col(Avatars::Name).eq_any(names.to_vec()))
            .take()
    }

    /// Which of some pictures somebody has.
    #[must_use]
    pub fn named(names: &[String]) -> SelectStatement {
        Query::select()
            .column(Avatars::Name)
            .from((Schema::Users, Avatars::Table))
            .and_where(Expr::col(Avatars::Name).eq_any(names.to_vec()))
            .take()
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
        lock_owner(A);
        issue(A, "name.jpg", NOW);
        issued(A);
        forget(A, &["name.jpg".to_owned()]);
        named(&["name.jpg".to_owned()]);
    }
}
