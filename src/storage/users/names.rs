//! Usernames of accounts: looking at them and changing them.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
    storage::{Who, users::taken},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// The handle of an account, and when it was last changed.
pub struct Named {
    /// The handle.
    pub username: String,
    /// When it was changed, if ever.
    pub changed_at: Option<OffsetDateTime>,
}

/// The handle of an account; `lock` keeps the row until the transaction ends.
pub async fn named(db: &impl GenericClient, who: Who, lock: bool) -> Result<Option<Named>> {
    let row = optional(db, sql::named(who, lock)).await?;
    Ok(row.map(|row| Named {
        username: row.get(0),
        changed_at: row.get(1),
    }))
}

/// Gives an account a handle.
///
/// # Errors
/// `UsernameTaken`
pub async fn set_username(
    db: &impl GenericClient,
    id: Uuid,
    username: &str,
    changed_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<()> {
    let set = execute(db, sql::set_username(id, username, changed_at, now)).await;
    set.map(drop).map_err(taken)
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid, Who};
    use crate::storage::schema::{Schema, Users};
    use sea_query::{Expr, ExprTrait, LockType, Query, SelectStatement, UpdateStatement};

    /// The handle of an account, and when it was last changed.
    #[must_use]
    pub fn named(who: Who, lock: bool) -> SelectStatement {
        let mut select = Query::select();
        select
            .columns([Users::Username, Users::UsernameChangedAt])
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(who));
        if lock {
            // Not against foreign keys: a session that is ended beside this owes a mail.
            select.lock(LockType::NoKeyUpdate);
        }
        select
    }

    /// Puts a handle in place of the one that an account has.
    #[must_use]
    pub fn set_username(
        id: Uuid,
        username: &str,
        changed_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::Username, username)
            .value(Users::UsernameChangedAt, changed_at)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, ACCOUNT, NOW, SESSION},
    };

    statements! {
        named(ACCOUNT, true), "an account";
        named(SESSION, false), "a session";
        set_username(A, "new", Some(NOW), NOW);
    }
}
