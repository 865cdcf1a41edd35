//! Links that put an old address back: `users.email_restorations`.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
    domain::token::TokenHash,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// A link about to be sent to an address that is no longer the account's.
pub struct NewRestoration<'a> {
    /// The account.
    pub user_id: Uuid,
    /// The hash of the link's token.
    pub token_hash: TokenHash,
    /// The hash of the token that the new address is sent to end this.
    pub keep_token_hash: TokenHash,
    /// The address that it puts back.
    pub email: &'a str,
    /// When the link lapses.
    pub expires_at: OffsetDateTime,
    /// When the address was changed.
    pub now: OffsetDateTime,
}

/// What a link would do.
pub struct Restoration {
    /// The account.
    pub user_id: Uuid,
    /// Its handle.
    pub username: String,
    /// The address that is put back.
    pub email: String,
    /// When it was changed.
    pub created_at: OffsetDateTime,
    /// When the link lapses.
    pub expires_at: OffsetDateTime,
    /// The address that the account has now.
    pub present_email: String,
}

/// Makes a link good.
pub async fn issue(db: &impl GenericClient, restoration: &NewRestoration<'_>) -> Result<()> {
    execute(db, sql::issue(restoration)).await.map(drop)
}

/// What a link does that is good now; `lock` keeps it and its account until the transaction ends.
pub async fn by_link(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    now: OffsetDateTime,
    lock: bool,
) -> Result<Option<Restoration>> {
    restoration(db, sql::by_link(token_hash, now, lock)).await
}

/// What a link ends that the new address was sent; `lock` likewise.
pub async fn by_keep_link(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    now: OffsetDateTime,
    lock: bool,
) -> Result<Option<Restoration>> {
    restoration(db, sql::by_keep_link(token_hash, now, lock)).await
}

async fn restoration(
    db: &impl GenericClient,
    select: sea_query::SelectStatement,
) -> Result<Option<Restoration>> {
    let row = optional(db, select).await?;
    Ok(row.map(|row| Restoration {
        user_id: row.get(0),
        username: row.get(1),
        email: row.get(2),
        created_at: row.get(3),
        expires_at: row.get(4),
        present_email: row.get(5),
    }))
}

/// Ends the links of the changes made up to this time: who keeps an address keeps it from all that the
/// account had before.
pub async fn delete_until(
    db: &impl GenericClient,
    user_id: Uuid,
    until: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::delete_until(user_id, until))
        .await
        .map(drop)
}

/// Ends the links of the changes made at this time and later: who undoes a change disowns those
/// that followed it.
pub async fn delete_since(
    db: &impl GenericClient,
    user_id: Uuid,
    since: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::delete_since(user_id, since))
        .await
        .map(drop)
}

/// The statements.
pub mod sql {
    use super::{NewRestoration, OffsetDateTime, TokenHash, Uuid};
    use crate::storage::schema::{EmailRestorations, Schema, Users};
    use sea_query::{
        DeleteStatement, Expr, ExprTrait, InsertStatement, LockType, Query, SelectStatement,
    };

    /// A new link.
    #[must_use]
    pub fn issue(restoration: &NewRestoration<'_>) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, EmailRestorations::Table))
            .columns([
                EmailRestorations::UserId,
                EmailRestorations::TokenHash,
                EmailRestorations::Email,
                EmailRestorations::CreatedAt,
                EmailRestorations::ExpiresAt,
                EmailRestorations::KeepTokenHash,
            ])
            .values_panic([
                restoration.user_id.into(),
                restoration.token_hash.as_slice().into(),
                restoration.email.into(),
                restoration.now.into(),
                restoration.expires_at.into(),
                restoration.keep_token_hash.as_slice().into(),
            ])
            .take()
    }

    /// A link that has not lapsed, with its account.
    #[must_use]
    pub fn by_link(token_hash: &TokenHash, now: OffsetDateTime, lock: bool) -> SelectStatement {
        good(EmailRestorations::TokenHash, token_hash, now, lock)
    }

    /// The same, by the link that ends it.
    #[must_use]
    pub fn by_keep_link(
        token_hash: &TokenHash,
        now: OffsetDateTime,
        lock: bool,
    ) -> SelectStatement {
        good(EmailRestorations::KeepTokenHash, token_hash, now, lock)
    }

    fn good(
        column: EmailRestorations,
        token_hash: &TokenHash,
        now: OffsetDateTime,
        lock: bool,
    ) -> SelectStatement {
        let mut select = Query::select();
        select
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Username))
            .column((EmailRestorations::Table, EmailRestorations::Email))
            .column((EmailRestorations::Table, EmailRestorations::CreatedAt))
            .column((EmailRestorations::Table, EmailRestorations::ExpiresAt))
            .column((Users::Table, Users::Email))
            .from((Schema::Users, EmailRestorations::Table))
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::col((Users::Table, Users::Id))
                    .equals((EmailRestorations::Table, EmailRestorations::UserId)),
            )
            .and_where(Expr::col((EmailRestorations::Table, column)).eq(token_hash.as_slice()))
            .and_where(Expr::col((EmailRestorations::Table, EmailRestorations::ExpiresAt)).gt(now));
        if lock {
            // Not against foreign keys: see `email_changes`.
            select.lock(LockType::NoKeyUpdate);
        }
        select
    }

    /// Forgets the links of an account up to this time.
    #[must_use]
    pub fn delete_until(user_id: Uuid, until: OffsetDateTime) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, EmailRestorations::Table))
            .and_where(Expr::col(EmailRestorations::UserId).eq(user_id))
            .and_where(Expr::col(EmailRestorations::CreatedAt).lte(until))
            .take()
    }

    /// Forgets the links of an account from this time on.
    #[must_use]
    pub fn delete_since(user_id: Uuid, since: OffsetDateTime) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, EmailRestorations::Table))
            .and_where(Expr::col(EmailRestorations::UserId).eq(user_id))
            .and_where(Expr::col(EmailRestorations::CreatedAt).gte(since))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{NewRestoration, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, HASH, NOW},
    };

    statements! {
        issue(&NewRestoration { user_id: A, token_hash: HASH, keep_token_hash: HASH, email: "old@example.org", expires_at: NOW, now: NOW });
        by_link(&HASH, NOW, true);
        by_keep_link(&HASH, NOW, true);
        delete_since(A, NOW);
        delete_until(A, NOW);
    }
}
