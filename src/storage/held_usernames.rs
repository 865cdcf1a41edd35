//! Names that were given up and are kept from others for a while: `users.held_usernames`.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Keeps a name from everybody but `user_id` until a time. The name must be one that the account
/// has had until this very transaction.
pub async fn hold(
    db: &impl GenericClient,
    username: &str,
    user_id: Option<Uuid>,
    until: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::hold(username, user_id, until))
        .await
        .map(drop)
}

/// Whether a name is kept from this account. Ask it after the name was written: only then whoever
/// gave the name up in this very moment has committed the hold too.
pub async fn is_held_from(
    db: &impl GenericClient,
    username: &str,
    user_id: Uuid,
    now: OffsetDateTime,
) -> Result<bool> {
    let row = optional(db, sql::held_from(username, user_id, now)).await?;
    Ok(row.is_some())
}

/// The name that the owner of a name that was given up has now.
pub async fn successor(
    db: &impl GenericClient,
    username: &str,
    now: OffsetDateTime,
) -> Result<Option<String>> {
    let row = optional(db, sql::successor(username, now)).await?;
    Ok(row.map(|row| row.get(0)))
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid};
    use crate::storage::{
        schema::{HeldUsernames, Schema, Users},
        users::sql::is_visible,
    };
    use sea_query::{Cond, Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement};

    /// Holds a name, in place of a hold that has run out or that was the account's own.
    #[must_use]
    pub fn hold(username: &str, user_id: Option<Uuid>, until: OffsetDateTime) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, HeldUsernames::Table))
            .columns([
                HeldUsernames::Username,
                HeldUsernames::UserId,
                HeldUsernames::HeldUntil,
            ])
            .values_panic([
                username.to_ascii_lowercase().into(),
                user_id.into(),
                until.into(),
            ])
            .on_conflict(
                OnConflict::column(HeldUsernames::Username)
                    .update_columns([HeldUsernames::UserId, HeldUsernames::HeldUntil])
                    .to_owned(),
            )
            .take()
    }

    /// A hold of a name for somebody else than this account.
    #[must_use]
    pub fn held_from(username: &str, user_id: Uuid, now: OffsetDateTime) -> SelectStatement {
        Query::select()
            .column(HeldUsernames::Username)
            .from((Schema::Users, HeldUsernames::Table))
            .and_where(Expr::col(HeldUsernames::Username).eq(username.to_ascii_lowercase()))
            .and_where(Expr::col(HeldUsernames::HeldUntil).gt(now))
            .cond_where(
                Cond::any()
                    .add(Expr::col(HeldUsernames::UserId).is_null())
                    .add(Expr::col(HeldUsernames::UserId).ne(user_id)),
            )
            .take()
    }

    /// The present name of whom a name is held for.
    #[must_use]
    pub fn successor(username: &str, now: OffsetDateTime) -> SelectStatement {
        Query::select()
            .column((Users::Table, Users::Username))
            .from((Schema::Users, HeldUsernames::Table))
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id))
                    .equals((HeldUsernames::Table, HeldUsernames::UserId)),
            )
            .and_where(
                Expr::col((HeldUsernames::Table, HeldUsernames::Username))
                    .eq(username.to_ascii_lowercase()),
            )
            .and_where(Expr::col((HeldUsernames::Table, HeldUsernames::HeldUntil)).gt(now))
            .and_where(is_visible())
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
        hold("ana", Some(A), NOW);
        held_from("ana", A, NOW);
        successor("ana", NOW);
    }
}
