//! The links that prove an address: `users.email_verifications`. Only hashes of their tokens.

use crate::{
    Result,
    database::{GenericClient, execute},
    domain::token::TokenHash,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Makes a link good until `expires_at`, before its mail leaves for `email`: it proves this address
/// and no other. The same link may be issued again, when its mail is tried again; once it was used
/// it stays as it is.
pub async fn issue(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    user_id: Uuid,
    email: &str,
    expires_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::issue(token_hash, user_id, email, expires_at, now)).await?;
    Ok(())
}

/// Notes that a link was used.
pub async fn mark_used(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::mark_used(token_hash, now)).await?;
    Ok(())
}

/// Ends every link of an account that was not used.
pub async fn delete_unused(db: &impl GenericClient, user_id: Uuid) -> Result<()> {
    execute(db, sql::delete_unused(user_id)).await?;
    Ok(())
}

/// The statements.
pub mod sql {
    use crate::{
        domain::token::TokenHash,
        storage::schema::{EmailVerifications, Schema},
    };
    use sea_query::{
        DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Query, UpdateStatement,
    };
    use time::OffsetDateTime;
    use uuid::Uuid;

    /// A new link, or a later end of one that nobody used yet.
    #[must_use]
    pub fn issue(
        token_hash: &TokenHash,
        user_id: Uuid,
        email: &str,
        expires_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> InsertStatement {
        let unused = Expr::col((EmailVerifications::Table, EmailVerifications::UsedAt)).is_null();
        Query::insert()
            .into_table((Schema::Users, EmailVerifications::Table))
            .columns([
                EmailVerifications::TokenHash,
                EmailVerifications::UserId,
                EmailVerifications::ExpiresAt,
                EmailVerifications::CreatedAt,
                EmailVerifications::Email,
            ])
            .values_panic([
                token_hash.to_vec().into(),
                user_id.into(),
                expires_at.into(),
                now.into(),
                email.into(),
            ])
            .on_conflict(
                OnConflict::columns([EmailVerifications::UserId, EmailVerifications::TokenHash])
                    .update_column(EmailVerifications::ExpiresAt)
                    .action_and_where(unused)
                    .to_owned(),
            )
            .take()
    }

    /// A link that was used, from now on.
    #[must_use]
    pub fn mark_used(token_hash: &TokenHash, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, EmailVerifications::Table))
            .value(EmailVerifications::UsedAt, now)
            .and_where(Expr::col(EmailVerifications::TokenHash).eq(token_hash.to_vec()))
            .take()
    }

    /// The unused links of an account, gone.
    #[must_use]
    pub fn delete_unused(user_id: Uuid) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, EmailVerifications::Table))
            .and_where(Expr::col(EmailVerifications::UserId).eq(user_id))
            .and_where(Expr::col(EmailVerifications::UsedAt).is_null())
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, HASH, NOW},
    };

    statements! {
        issue(&HASH, A, "ana@example.org", NOW, NOW);
        mark_used(&HASH, NOW);
        delete_unused(A);
    }
}
