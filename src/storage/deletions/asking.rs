//! Asking for the deletion of an account, and keeping it after all.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::OffsetDateTime;
use uuid::Uuid;

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

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid};
    use crate::storage::{deletions::account, schema::Users};
    use sea_query::{Expr, ExprTrait, UpdateStatement};

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
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, NOW},
    };

    statements! {
        request(A, NOW);
        keep(A, "hash", NOW);
    }
}
