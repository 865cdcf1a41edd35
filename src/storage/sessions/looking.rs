//! Looking at a session that has not ended, and the password entered in it.

use super::Holder;
use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Whose session it is; `None` once it ended, or when it was not opened after this time.
pub async fn live(
    db: &impl GenericClient,
    session_id: Uuid,
    opened_after: OffsetDateTime,
) -> Result<Option<Holder>> {
    let row = optional(db, sql::live(session_id, opened_after)).await?;
    Ok(row.map(|row| Holder::from_row(&row)))
}

/// Locks a session until the transaction ends and says whose it is; `None` once it ended.
/// While it is locked nobody rotates a token of it.
pub async fn lock_live(db: &impl GenericClient, session_id: Uuid) -> Result<Option<Holder>> {
    let row = optional(db, sql::lock_live(session_id)).await?;
    Ok(row.map(|row| Holder::from_row(&row)))
}

/// Keeps a session from ending until the transaction ends; says false when it has ended. It may be
/// renewed meanwhile. Whoever locks the account's row too does that first.
pub async fn hold(db: &impl GenericClient, session_id: Uuid) -> Result<bool> {
    Ok(optional(db, sql::hold(session_id)).await?.is_some())
}

/// Where a session was last used: the network and the browser, as they were noted.
pub async fn last_place(
    db: &impl GenericClient,
    session_id: Uuid,
) -> Result<Option<(Option<String>, Option<String>)>> {
    let row = optional(db, sql::last_place(session_id)).await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

/// When a password was last entered in a session; none once it ended.
pub async fn authenticated_at(
    db: &impl GenericClient,
    session_id: Uuid,
) -> Result<Option<OffsetDateTime>> {
    let row = optional(db, sql::authenticated_at(session_id)).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// Notes that the password was entered again in a session. Says false when the session has ended,
/// or the account's password is not the one that was verified any more.
pub async fn authenticate(
    db: &impl GenericClient,
    session_id: Uuid,
    user_id: Uuid,
    password_hash: &str,
    now: OffsetDateTime,
) -> Result<bool> {
    let note = sql::authenticate(session_id, user_id, password_hash, now);
    execute(db, note).await.map(|rows| rows > 0)
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid};
    use crate::storage::schema::{Schema, Sessions, Users};
    use sea_query::{Expr, ExprTrait, LockType, Query, SelectStatement, UpdateStatement};

    /// A session that has not ended and was opened after this time, with its account.
    #[must_use]
    pub fn live(session_id: Uuid, opened_after: OffsetDateTime) -> SelectStatement {
        with_account(session_id)
            .and_where(Expr::col((Sessions::Table, Sessions::CreatedAt)).gt(opened_after))
            .take()
    }

    /// A session that has not ended, with its account, locked.
    #[must_use]
    pub fn lock_live(session_id: Uuid) -> SelectStatement {
        with_account(session_id)
            .lock_with_tables(LockType::Update, [Sessions::Table])
            .take()
    }

    /// A session that has not ended, locked against its end but not against its renewal.
    #[must_use]
    pub fn hold(session_id: Uuid) -> SelectStatement {
        Query::select()
            .column(Sessions::Id)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::Id).eq(session_id))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .lock(LockType::KeyShare)
            .take()
    }

    fn with_account(session_id: Uuid) -> SelectStatement {
        Query::select()
            .column((Sessions::Table, Sessions::Id))
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Email))
            .column((Users::Table, Users::Roles))
            .from((Schema::Users, Sessions::Table))
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id)).equals((Sessions::Table, Sessions::UserId)),
            )
            .and_where(Expr::col((Sessions::Table, Sessions::Id)).eq(session_id))
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .take()
    }

    /// Where a session was last used.
    #[must_use]
    pub fn last_place(session_id: Uuid) -> SelectStatement {
        Query::select()
            .columns([Sessions::Address, Sessions::UserAgent])
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::Id).eq(session_id))
            .take()
    }

    /// When the password was last entered in a session that has not ended.
    #[must_use]
    pub fn authenticated_at(session_id: Uuid) -> SelectStatement {
        Query::select()
            .column(Sessions::AuthenticatedAt)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::Id).eq(session_id))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .take()
    }

    /// Notes that the password was entered, if it still is the account's.
    #[must_use]
    pub fn authenticate(
        session_id: Uuid,
        user_id: Uuid,
        password_hash: &str,
        now: OffsetDateTime,
    ) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Sessions::Table))
            .from((Schema::Users, Users::Table))
            .value(Sessions::AuthenticatedAt, now)
            .and_where(Expr::col((Sessions::Table, Sessions::Id)).eq(session_id))
            .and_where(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .and_where(
                Expr::col((Sessions::Table, Sessions::UserId)).equals((Users::Table, Users::Id)),
            )
            .and_where(Expr::col((Users::Table, Users::Id)).eq(user_id))
            .and_where(Expr::col((Users::Table, Users::PasswordHash)).eq(password_hash))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B, NOW},
    };

    statements! {
        live(B, NOW);
        hold(B);
        lock_live(B);
        last_place(A);
        authenticated_at(B);
        authenticate(B, A, "hash", NOW);
    }
}
