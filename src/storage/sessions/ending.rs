//! Ending sessions: none of their tokens works any more.

use crate::{
    Result,
    database::{GenericClient, all, execute},
    storage::{sessions::GRACE, web_sessions},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Its owner logged out.
    Logout,
    /// A token was presented again too late: somebody copied it.
    Theft,
    /// Its owner ended it from another one.
    EndedByOwner,
    /// The password was changed, or set anew with a link.
    PasswordChanged,
    /// The old address was put back.
    EmailRestored,
    /// The account is to be deleted.
    Deletion,
    /// Newer log-ins took its place: see [`MOST_OPEN`](super::MOST_OPEN).
    TooMany,
}

impl EndReason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Theft => "theft",
            Self::EndedByOwner => "ended_by_owner",
            Self::PasswordChanged => "password_changed",
            Self::EmailRestored => "email_restored",
            Self::Deletion => "deletion",
            Self::TooMany => "too_many",
        }
    }
}

/// Ends a session: no token of its family and no browser session opened with it works any more.
/// The session must be locked.
pub async fn end(
    db: &impl GenericClient,
    session_id: Uuid,
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<()> {
    end_locked(db, &[session_id], reason, now).await
}

/// Ends every session of an account but this one, and says which: no refresh token and no browser
/// session of theirs works any more. The account's row must be locked: a log-in can't open one
/// meanwhile with what is no longer true, and two that end several sessions can't wait for each other.
pub async fn end_all(
    db: &impl GenericClient,
    user_id: Uuid,
    but: Option<Uuid>,
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>> {
    let rows = all(db, sql::lock_live_of(user_id, but)).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    end_locked(db, &ids, reason, now).await?;
    Ok(ids)
}

async fn end_locked(
    db: &impl GenericClient,
    ids: &[Uuid],
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::end_all(ids, reason, now)).await?;
    execute(db, sql::revoke_all(ids, now - GRACE)).await?;
    execute(db, web_sessions::sql::delete_of(ids))
        .await
        .map(drop)
}

/// The statements.
pub mod sql {
    use super::{EndReason, OffsetDateTime, Uuid};
    use crate::storage::{
        schema::{RefreshTokens, Schema, Sessions},
        sessions::family::sql::newest,
    };
    use sea_query::{
        Alias, Cond, Expr, ExprTrait, JoinType, LockType, Order, Query, SelectStatement,
        UpdateStatement, extension::postgres::PgExpr,
    };

    /// The sessions of an account that have not ended, locked in the order of their ids.
    #[must_use]
    pub fn lock_live_of(user_id: Uuid, but: Option<Uuid>) -> SelectStatement {
        Query::select()
            .column(Sessions::Id)
            .from((Schema::Users, Sessions::Table))
            .and_where(Expr::col(Sessions::UserId).eq(user_id))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .and_where_option(but.map(|but| Expr::col(Sessions::Id).ne(but)))
            .order_by(Sessions::Id, Order::Asc)
            .lock(LockType::Update)
            .take()
    }

    /// Marks sessions as ended, once.
    #[must_use]
    pub fn end_all(ids: &[Uuid], reason: EndReason, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Sessions::Table))
            .value(Sessions::EndedAt, now)
            .value(Sessions::EndReason, reason.as_str())
            .and_where(Expr::col(Sessions::Id).eq_any(ids.to_vec()))
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .take()
    }

    /// Revokes the families of sessions that end, and forgets the sealed successors that nobody may get any
    /// more. Of each family that is the current token and those spent since the grace began, whatever its
    /// history: the others were revoked when they were spent.
    #[must_use]
    pub fn revoke_all(session_ids: &[Uuid], grace_since: OffsetDateTime) -> UpdateStatement {
        let token = |column| Expr::col((Alias::new("token"), column));
        let sessions = Query::select()
            .column((Alias::new("token"), RefreshTokens::TokenHash))
            .from((Schema::Users, Sessions::Table))
            .join_lateral(
                JoinType::InnerJoin,
                newest(Expr::col((Sessions::Table, Sessions::Id))),
                Alias::new("token"),
                Cond::any()
                    .add(token(RefreshTokens::Revoked).not())
                    .add(token(RefreshTokens::RotatedAt).gt(grace_since)),
            )
            .and_where(Expr::col((Sessions::Table, Sessions::Id)).eq_any(session_ids.to_vec()))
            .take();
        Query::update()
            .table((Schema::Users, RefreshTokens::Table))
            .value(RefreshTokens::Revoked, true)
            .value(
                RefreshTokens::SealedSuccessor,
                Expr::value(Option::<Vec<u8>>::None),
            )
            .and_where(Expr::col(RefreshTokens::TokenHash).in_subquery(sessions))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{EndReason, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B, NOW},
    };

    statements! {
        lock_live_of(A, Some(B));
        end_all(&[A, B], EndReason::PasswordChanged, NOW);
        revoke_all(&[B], NOW);
    }
}
