//! Passwords of accounts: what a log-in needs, and putting another hash in place.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
};
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

/// What checking a password needs to know of an account.
pub struct Credentials {
    /// The account.
    pub id: Uuid,
    /// Its handle.
    pub username: String,
    /// Its address as stored.
    pub email: String,
    /// The hash of its password.
    pub password_hash: String,
    /// Whether its address is proven.
    pub email_verified: bool,
    /// What it may do.
    pub roles: Vec<String>,
    /// When it is to be deleted, if it is.
    pub delete_after: Option<OffsetDateTime>,
}

/// The credentials of the account with this address, whatever its case.
pub async fn credentials(db: &impl GenericClient, email: &str) -> Result<Option<Credentials>> {
    let row = optional(db, sql::credentials(email)).await?;
    Ok(row.map(|row| to_credentials(&row)))
}

/// The same of the account with this id.
pub async fn credentials_of(db: &impl GenericClient, id: Uuid) -> Result<Option<Credentials>> {
    let row = optional(db, sql::credentials_of(id)).await?;
    Ok(row.map(|row| to_credentials(&row)))
}

fn to_credentials(row: &Row) -> Credentials {
    Credentials {
        id: row.get(0),
        username: row.get(1),
        email: row.get(2),
        password_hash: row.get(3),
        email_verified: row.get(4),
        roles: row.get(5),
        delete_after: row.get(6),
    }
}

/// Replaces a password hash, unless somebody else replaced it meanwhile.
pub async fn replace_password_hash(
    db: &impl GenericClient,
    id: Uuid,
    old: &str,
    new: &str,
    now: OffsetDateTime,
) -> Result<bool> {
    execute(db, sql::replace_password_hash(id, old, new, now))
        .await
        .map(|rows| rows > 0)
}

/// Gives an account a new password, set with a link that proves its address too. Its row must be
/// locked.
pub async fn reset_password(
    db: &impl GenericClient,
    id: Uuid,
    password_hash: &str,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::reset_password(id, password_hash, now))
        .await
        .map(drop)
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Uuid};
    use crate::storage::{
        schema::{Schema, Users},
        users::is,
    };
    use sea_query::{Expr, ExprTrait, Query, SelectStatement, UpdateStatement};

    const CREDENTIALS: [Users; 7] = [
        Users::Id,
        Users::Username,
        Users::Email,
        Users::PasswordHash,
        Users::EmailVerified,
        Users::Roles,
        Users::DeleteAfter,
    ];

    /// What a log-in needs of the account with this address.
    #[must_use]
    pub fn credentials(email: &str) -> SelectStatement {
        Query::select()
            .columns(CREDENTIALS)
            .from((Schema::Users, Users::Table))
            .and_where(is(Users::Email, email))
            .take()
    }

    /// The same of the account with this id.
    #[must_use]
    pub fn credentials_of(id: Uuid) -> SelectStatement {
        Query::select()
            .columns(CREDENTIALS)
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(id))
            .take()
    }

    /// Swaps a password hash for a new one, comparing the old.
    #[must_use]
    pub fn replace_password_hash(
        id: Uuid,
        old: &str,
        new: &str,
        now: OffsetDateTime,
    ) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::PasswordHash, new)
            .value(Users::UpdatedAt, now)
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(Expr::col(Users::PasswordHash).eq(old))
            .take()
    }

    /// A new password, and the proof of the address that came with it.
    #[must_use]
    pub fn reset_password(id: Uuid, password_hash: &str, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Users::Table))
            .value(Users::PasswordHash, password_hash)
            .value(Users::EmailVerified, true)
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
        storage::samples::{A, NOW},
    };

    statements! {
        credentials("ana@example.org");
        credentials_of(A);
        replace_password_hash(A, "old", "new", NOW);
        reset_password(A, "hash", NOW);
    }
}
