//! Making accounts, and letting go those that never proved their address.

use crate::{
    Result,
    database::{GenericClient, all, execute, optional},
    domain::{Email, Username},
    storage::users::taken,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// An account about to be made.
pub struct NewUser<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its handle.
    pub username: &'a Username,
    /// Its address.
    pub email: &'a Email,
    /// The hash of its password.
    pub password_hash: &'a str,
}

/// Makes an account.
///
/// # Errors
/// `EmailTaken`, `UsernameTaken`
pub async fn insert(
    db: &impl GenericClient,
    user: &NewUser<'_>,
    now: OffsetDateTime,
) -> Result<()> {
    let inserted = execute(db, sql::insert(user, now)).await;
    inserted.map(drop).map_err(taken)
}

/// Whether an account with this address exists.
pub async fn email_exists(db: &impl GenericClient, email: &Email) -> Result<bool> {
    Ok(optional(db, sql::email_exists(email.as_str()))
        .await?
        .is_some())
}

/// Locks and names the unproven accounts that hold this address or username although their last
/// link has lapsed and no mail is owed to them any more; in id order, so that nobody deadlocks.
pub async fn lock_lapsed(
    db: &impl GenericClient,
    email: Option<&str>,
    username: Option<&str>,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>> {
    let rows = all(db, sql::lock_lapsed(email, username, now)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Deletes an account whose address is not proven, and what hangs on it. Its edges must be gone.
pub async fn delete_unverified(db: &impl GenericClient, id: Uuid) -> Result<bool> {
    Ok(execute(db, sql::delete_unverified(id)).await? > 0)
}

/// The statements.
pub mod sql {
    use super::{NewUser, OffsetDateTime, Uuid};
    use crate::storage::{
        schema::{EmailVerifications, Outbox, Schema, Users},
        users::is,
    };
    use sea_query::{
        Asterisk, Cond, DeleteStatement, Expr, ExprTrait, InsertStatement, LockType, Order, Query,
        SelectStatement,
    };

    /// Makes an account.
    #[must_use]
    pub fn insert(user: &NewUser<'_>, now: OffsetDateTime) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, Users::Table))
            .columns([
                Users::Id,
                Users::Username,
                Users::Email,
                Users::PasswordHash,
                Users::CreatedAt,
                Users::UpdatedAt,
            ])
            .values_panic([
                user.id.into(),
                user.username.as_str().into(),
                user.email.as_str().into(),
                user.password_hash.into(),
                now.into(),
                now.into(),
            ])
            .take()
    }

    /// Whether an address is taken.
    #[must_use]
    pub fn email_exists(email: &str) -> SelectStatement {
        Query::select()
            .column(Users::Id)
            .from((Schema::Users, Users::Table))
            .and_where(is(Users::Email, email))
            .take()
    }

    /// Unproven accounts in the way of a registration: every link lapsed, at least one was made,
    /// and no mail with a new one is on its way.
    #[must_use]
    pub fn lock_lapsed(
        email: Option<&str>,
        username: Option<&str>,
        now: OffsetDateTime,
    ) -> SelectStatement {
        let links = || {
            Query::select()
                .column(Asterisk)
                .from((Schema::Users, EmailVerifications::Table))
                .and_where(
                    Expr::col((EmailVerifications::Table, EmailVerifications::UserId))
                        .equals((Users::Table, Users::Id)),
                )
                .take()
        };
        let live_links = links()
            .and_where(
                Expr::col((EmailVerifications::Table, EmailVerifications::ExpiresAt)).gt(now),
            )
            .take();
        let owed = Query::select()
            .column(Asterisk)
            .from((Schema::Users, Outbox::Table))
            .and_where(Expr::col((Outbox::Table, Outbox::UserId)).equals((Users::Table, Users::Id)))
            .and_where(Expr::col((Outbox::Table, Outbox::SentAt)).is_null())
            .and_where(Expr::col((Outbox::Table, Outbox::GivenUpAt)).is_null())
            .take();
        Query::select()
            .column((Users::Table, Users::Id))
            .from((Schema::Users, Users::Table))
            .cond_where(
                // Compared with null nothing is equal.
                Cond::any()
                    .add(is(Users::Email, email))
                    .add(is(Users::Username, username)),
            )
            .and_where(Expr::col((Users::Table, Users::EmailVerified)).not())
            .and_where(Expr::exists(links()))
            .and_where(Expr::exists(live_links).not())
            .and_where(Expr::exists(owed).not())
            .order_by((Users::Table, Users::Id), Order::Asc)
            .lock_with_tables(LockType::Update, [Users::Table])
            .take()
    }

    /// Deletes an account while its address is unproven.
    #[must_use]
    pub fn delete_unverified(id: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, Users::Table))
            .and_where(Expr::col(Users::Id).eq(id))
            .and_where(Expr::col(Users::EmailVerified).not())
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{NewUser, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, NOW, email, username},
    };

    statements! {
        insert(&NewUser { id: A, username: &username(), email: &email(), password_hash: "hash" }, NOW);
        lock_lapsed(Some("ana@example.org"), Some("ana"), NOW);
        delete_unverified(A);
        email_exists("ana@example.org");
    }
}
