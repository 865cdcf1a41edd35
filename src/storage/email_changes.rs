//! Changes of an address that wait for the new one to prove itself: `users.email_changes`.

use super::Who;
use crate::{
    Result,
    database::{GenericClient, execute, optional},
    domain::token::TokenHash,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// A change about to wait.
pub struct NewChange<'a> {
    /// Whose address it is.
    pub user_id: Uuid,
    /// The session that asks for it.
    pub session_id: Uuid,
    /// The new address.
    pub email: &'a str,
    /// The hash of the token that the new address is sent.
    pub token_hash: TokenHash,
    /// When the link lapses.
    pub expires_at: OffsetDateTime,
    /// When it is asked for.
    pub now: OffsetDateTime,
}

/// A change that waits.
pub struct Waiting {
    /// Whose address it is.
    pub user_id: Uuid,
    /// The account's handle.
    pub username: String,
    /// The address that the account has.
    pub old_email: String,
    /// Whether that one is proven.
    pub is_old_proven: bool,
    /// The address that it is to have.
    pub email: String,
}

/// Lets a change wait in place of the one that may wait already.
pub async fn replace(db: &impl GenericClient, change: &NewChange<'_>) -> Result<()> {
    execute(db, sql::replace(change)).await.map(drop)
}

/// The change that waits for an account.
pub async fn of(db: &impl GenericClient, who: Who, now: OffsetDateTime) -> Result<Option<Waiting>> {
    waiting(db, sql::of(who, now)).await
}

/// The change that a link carries out; `lock` keeps it and its account until the transaction ends.
pub async fn by_link(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    now: OffsetDateTime,
    lock: bool,
) -> Result<Option<Waiting>> {
    waiting(db, sql::by_link(token_hash, now, lock)).await
}

/// Forgets the change that waits for an account.
pub async fn cancel(db: &impl GenericClient, user_id: Uuid) -> Result<()> {
    execute(db, sql::cancel(user_id)).await.map(drop)
}

/// Forgets the change that waits for an account, unless this session asked for it.
pub async fn cancel_of_others(
    db: &impl GenericClient,
    user_id: Uuid,
    session_id: Uuid,
) -> Result<()> {
    let statement = sql::cancel_of_others(user_id, session_id);
    execute(db, statement).await.map(drop)
}

async fn waiting(
    db: &impl GenericClient,
    select: sea_query::SelectStatement,
) -> Result<Option<Waiting>> {
    let row = optional(db, select).await?;
    Ok(row.map(|row| Waiting {
        user_id: row.get(0),
        username: row.get(1),
        old_email: row.get(2),
        is_old_proven: row.get(3),
        email: row.get(4),
    }))
}

/// The statements.
pub mod sql {
    use super::{NewChange, OffsetDateTime, TokenHash, Uuid, Who};
    use crate::storage::schema::{EmailChanges, Schema, Sessions, Users};
    use sea_query::{
        Cond, DeleteStatement, Expr, ExprTrait, InsertStatement, IntoTableRef, LockType,
        OnConflict, Query, SelectStatement,
    };

    /// The one change of an account.
    #[must_use]
    pub fn replace(change: &NewChange<'_>) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, EmailChanges::Table))
            .columns([
                EmailChanges::UserId,
                EmailChanges::SessionId,
                EmailChanges::Email,
                EmailChanges::TokenHash,
                EmailChanges::CreatedAt,
                EmailChanges::ExpiresAt,
            ])
            .values_panic([
                change.user_id.into(),
                change.session_id.into(),
                change.email.into(),
                change.token_hash.as_slice().into(),
                change.now.into(),
                change.expires_at.into(),
            ])
            .on_conflict(
                OnConflict::column(EmailChanges::UserId)
                    .update_columns([
                        EmailChanges::SessionId,
                        EmailChanges::Email,
                        EmailChanges::TokenHash,
                        EmailChanges::CreatedAt,
                        EmailChanges::ExpiresAt,
                    ])
                    .to_owned(),
            )
            .take()
    }

    /// The change of an account.
    #[must_use]
    pub fn of(who: Who, now: OffsetDateTime) -> SelectStatement {
        good(now)
            .and_where(Expr::col((EmailChanges::Table, EmailChanges::UserId)).eq(who))
            .take()
    }

    /// The change of a link.
    #[must_use]
    pub fn by_link(token_hash: &TokenHash, now: OffsetDateTime, lock: bool) -> SelectStatement {
        let mut select = good(now);
        select.and_where(
            Expr::col((EmailChanges::Table, EmailChanges::TokenHash)).eq(token_hash.as_slice()),
        );
        if lock {
            // Both in one call: a second one would replace the first. Not against foreign keys: a
            // session that is ended beside this owes a mail, and waits for nobody.
            let both = [
                Users::Table.into_table_ref(),
                EmailChanges::Table.into_table_ref(),
            ];
            select.lock_with_tables(LockType::NoKeyUpdate, both);
        }
        select
    }

    /// Changes that have not lapsed and whose session nobody ended but its owner by logging out: the
    /// end of a thief's session ends what that session asked for. A new password ends all of them.
    fn good(now: OffsetDateTime) -> SelectStatement {
        let is_trusted = Cond::any()
            .add(Expr::col((Sessions::Table, Sessions::EndedAt)).is_null())
            .add(Expr::col((Sessions::Table, Sessions::EndReason)).eq("logout"));
        Query::select()
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Username))
            .column((Users::Table, Users::Email))
            .column((Users::Table, Users::EmailVerified))
            .column((EmailChanges::Table, EmailChanges::Email))
            .from((Schema::Users, EmailChanges::Table))
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id))
                    .equals((EmailChanges::Table, EmailChanges::UserId)),
            )
            .inner_join(
                (Schema::Users, Sessions::Table),
                Expr::col((Sessions::Table, Sessions::Id))
                    .equals((EmailChanges::Table, EmailChanges::SessionId)),
            )
            .and_where(Expr::col((EmailChanges::Table, EmailChanges::ExpiresAt)).gt(now))
            .cond_where(is_trusted)
            .take()
    }

    /// Forgets the change of an account, unless this session asked for it.
    #[must_use]
    pub fn cancel_of_others(user_id: Uuid, session_id: Uuid) -> DeleteStatement {
        cancel(user_id)
            .and_where(Expr::col(EmailChanges::SessionId).ne(session_id))
            .take()
    }

    /// Forgets the change of an account.
    #[must_use]
    pub fn cancel(user_id: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, EmailChanges::Table))
            .and_where(Expr::col(EmailChanges::UserId).eq(user_id))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{NewChange, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, ACCOUNT, B, HASH, NOW, SESSION},
    };

    statements! {
        replace(&NewChange { user_id: A, session_id: B, email: "new@example.org", token_hash: HASH, expires_at: NOW, now: NOW });
        of(ACCOUNT, NOW), "an account";
        of(SESSION, NOW), "a session";
        by_link(&HASH, NOW, true);
        cancel_of_others(A, B);
        cancel(A);
    }
}
