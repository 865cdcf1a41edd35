//! Addresses of accounts: proving, correcting, changing them.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
    domain::{Email, token::TokenHash},
    storage::users::taken,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// The username and whether the address is proven, of the account that a link belongs to.
pub struct Linked {
    /// The account.
    pub user_id: Uuid,
    /// Its handle.
    pub username: String,
    /// Whether its address is proven.
    pub email_verified: bool,
    /// When the link lapses.
    pub expires_at: OffsetDateTime,
    /// Whether the link was used before.
    pub used: bool,
    /// The address that it proves.
    pub email: String,
}

/// The account of a verification link; `lock` keeps both rows until the transaction ends.
pub async fn by_link(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    lock: bool,
) -> Result<Option<Linked>> {
    let row = optional(db, sql::by_link(token_hash, lock)).await?;
    Ok(row.map(|row| Linked {
        user_id: row.get(0),
        username: row.get(1),
        email_verified: row.get(2),
        expires_at: row.get(3),
        used: row.get::<_, Option<OffsetDateTime>>(4).is_some(),
        email: row.get(5),
    }))
}

/// Marks the address of an account as proven.
pub async fn mark_verified(db: &impl GenericClient, id: Uuid, now: OffsetDateTime) -> Result<()> {
    execute(db, sql::mark_verified(id, now)).await.map(drop)
}

/// The account with this address, if its address is not proven yet; locked until the transaction
/// ends if asked for.
pub async fn unverified(db: &impl GenericClient, email: &str, lock: bool) -> Result<Option<Uuid>> {
    let row = optional(db, sql::unverified(email, lock)).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Corrects the address of an account, unless it is proven already.
///
/// # Errors
/// `EmailTaken`
pub async fn correct_email(
    db: &impl GenericClient,
    id: Uuid,
    email: &Email,
    now: OffsetDateTime,
) -> Result<bool> {
    let corrected = execute(db, sql::correct_email(id, email, now)).await;
    corrected.map(|rows| rows > 0).map_err(taken)
}

/// Gives an account an address that is proven.
///
/// # Errors
/// `EmailTaken`
pub async fn set_email(
    db: &impl GenericClient,
    id: Uuid,
    email: &str,
    now: OffsetDateTime,
) -> Result<()> {
    let set = execute(db, sql::set_email(id, email, now)).await;
    set.map(drop).map_err(taken)
}

/// Whether another account than this one has proven that this address is its own.
pub async fn is_email_of_another(db: &impl GenericClient, id: Uuid, email: &str) -> Result<bool> {
    let row = optional(db, sql::email_of_another(id, email)).await?;
    Ok(row.is_some())
}

/// The statements.
pub mod sql {
    use super::{Email, OffsetDateTime, TokenHash, Uuid};
    use crate::storage::{
        schema::{EmailVerifications, Schema, Users},
        users::is,
    };
    use sea_query::{Cond, Expr, ExprTrait, LockType, Query, SelectStatement, UpdateStatement};

    /// A verification link with its account: one that was used, or that was sent to the address
    /// which the account has.
    #[must_use]
    pub fn by_link(token_hash: &TokenHash, lock: bool) -> SelectStatement {
        let link = |column| Expr::col((EmailVerifications::Table, column));
        let mut select = Query::select();
        select
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Username))
            .column((Users::Table, Users::EmailVerified))
            .column((EmailVerifications::Table, EmailVerifications::ExpiresAt))
            .column((EmailVerifications::Table, EmailVerifications::UsedAt))
            .column((Users::Table, Users::Email))
            .from((Schema::Users, Users::Table))
            .inner_join(
                (Schema::Users, EmailVerifications::Table),
                Expr::col((EmailVerifications::Table, EmailVerifications::UserId))
                    .equals((Users::Table, Users::Id)),
            )
            .and_where(
                Expr::col((EmailVerifications::Table, EmailVerifications::TokenHash))
                    .eq(token_hash.as_slice()),
            )
            .cond_where(
                Cond::any()
                    .add(link(EmailVerifications::UsedAt).is_not_null())
                    .add(link(EmailVerifications::Email).is_null())
                    .add(link(EmailVerifications::Email).equals((Users::Table, Users::Email))),
            );
        if lock {
            select.lock(LockType::Update);
        }
        select
    }

    /// Marks an address as proven.
    #[must_use]
    pub fn mark_verified(id: Uuid, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::EmailVerified, true)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// The account with this address, if unproven.
    #[must_use]
    pub fn unverified(email: &str, lock: bool) -> SelectStatement {
        let mut select = Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(is(Users::Email, email))
            .and_where(Expr::col(Users::EmailVerified).not())
            .take();
        if lock {
            select.lock(LockType::Update);
        }
        select
    }

    /// Another address, while it is unproven.
    #[must_use]
    pub fn correct_email(id: Uuid, email: &Email, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::Email, email.as_str())
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(Expr::col(Users::EmailVerified).not())
            .take()
    }

    /// Puts a proven address in place of the one that an account has.
    #[must_use]
    pub fn set_email(id: Uuid, email: &str, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::Email, email)
            .value(Users::EmailVerified, true)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// Another account whose proven address this is.
    #[must_use]
    pub fn email_of_another(id: Uuid, email: &str) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(is(Users::Email, email))
            .and_where(Expr::col(Users::Id).ne(id))
            .and_where(Expr::col(Users::EmailVerified))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, HASH, NOW, email},
    };

    statements! {
        correct_email(A, &email(), NOW);
        set_email(A, "new@example.org", NOW);
        email_of_another(A, "new@example.org");
        mark_verified(A, NOW);
        unverified("ana@example.org", true);
        by_link(&HASH, true);
    }
}
