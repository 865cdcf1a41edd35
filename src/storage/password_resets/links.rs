//! The links themselves.

use crate::{
    Result,
    database::{GenericClient, execute, optional},
    domain::token::TokenHash,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// The account that a link is good for.
pub struct Linked {
    /// The account.
    pub user_id: Uuid,
    /// Its handle.
    pub username: String,
    /// Its address, which the link proves.
    pub email: String,
}

/// Makes a link good until `expires_at`, before its mail leaves for `email`. The same link may be
/// issued again, when its mail is tried again. Says false when it is not to be sent: it was used,
/// or the account has another address or password by now, or is gone.
pub async fn issue(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    user_id: Uuid,
    email: &str,
    expires_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<bool> {
    let statement = sql::issue(token_hash, user_id, email, expires_at, now);
    Ok(execute(db, statement).await? > 0)
}

/// The account of a link that is good now; `lock` keeps both rows until the transaction ends.
pub async fn linked(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    now: OffsetDateTime,
    lock: bool,
) -> Result<Option<Linked>> {
    let row = optional(db, sql::linked(token_hash, now, lock)).await?;
    Ok(row.map(|row| Linked {
        user_id: row.get(0),
        username: row.get(1),
        email: row.get(2),
    }))
}

/// Notes that a link was used.
pub async fn mark_used(
    db: &impl GenericClient,
    token_hash: &TokenHash,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::mark_used(token_hash, now)).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, TokenHash, Uuid};
    use crate::storage::schema::{PasswordResets, Schema, Users};
    use sea_query::{
        Alias, Expr, ExprTrait, Func, InsertStatement, LockType, OnConflict, Query,
        SelectStatement, UpdateStatement,
    };

    /// A new link to this address of the account, or a later end of one that is still good.
    #[must_use]
    pub fn issue(
        token_hash: &TokenHash,
        user_id: Uuid,
        email: &str,
        expires_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> InsertStatement {
        let link = |column| Expr::col((PasswordResets::Table, column));
        let new = |column| Expr::col((Alias::new("excluded"), column));
        let account = Query::select()
            .expr(Expr::val(token_hash.as_slice()).cast_as("bytea"))
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Email))
            .expr(password_digest())
            .expr(Expr::val(expires_at).cast_as("timestamptz"))
            .expr(Expr::val(now).cast_as("timestamptz"))
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col((Users::Table, Users::Id)).eq(user_id))
            .and_where(Expr::col((Users::Table, Users::Email)).eq(email))
            .take();
        Query::insert()
            .into_table((Schema::Users, PasswordResets::Table))
            .columns([
                PasswordResets::TokenHash,
                PasswordResets::UserId,
                PasswordResets::Email,
                PasswordResets::PasswordDigest,
                PasswordResets::ExpiresAt,
                PasswordResets::CreatedAt,
            ])
            .select_from(account)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(
                OnConflict::columns([PasswordResets::UserId, PasswordResets::TokenHash])
                    .update_column(PasswordResets::ExpiresAt)
                    .action_and_where(link(PasswordResets::UsedAt).is_null())
                    .action_and_where(link(PasswordResets::Email).eq(new(PasswordResets::Email)))
                    .action_and_where(
                        link(PasswordResets::PasswordDigest)
                            .eq(new(PasswordResets::PasswordDigest)),
                    )
                    .to_owned(),
            )
            .take()
    }

    /// The account of a link that is good. Its row is not locked against foreign keys: a session
    /// that is ended beside this owes a mail, and waits for nobody.
    #[must_use]
    pub fn linked(token_hash: &TokenHash, now: OffsetDateTime, lock: bool) -> SelectStatement {
        let link = |column| Expr::col((PasswordResets::Table, column));
        let mut select = Query::select();
        select
            .column((Users::Table, Users::Id))
            .column((Users::Table, Users::Username))
            .column((Users::Table, Users::Email))
            .from((Schema::Users, Users::Table))
            .inner_join(
                (Schema::Users, PasswordResets::Table),
                link(PasswordResets::UserId).equals((Users::Table, Users::Id)),
            )
            .and_where(link(PasswordResets::TokenHash).eq(token_hash.as_slice()))
            .and_where(link(PasswordResets::UsedAt).is_null())
            .and_where(link(PasswordResets::ExpiresAt).gt(now))
            .and_where(link(PasswordResets::Email).equals((Users::Table, Users::Email)))
            .and_where(link(PasswordResets::PasswordDigest).eq(password_digest()));
        if lock {
            select.lock(LockType::NoKeyUpdate);
        }
        select
    }

    /// What stands for the password of an account without being of use for a guess.
    fn password_digest() -> Expr {
        let hash = Expr::col((Users::Table, Users::PasswordHash));
        let bytes = Func::cust("convert_to").arg(hash).arg("UTF8");
        Func::cust("sha256").arg(bytes).into()
    }

    /// A link that was used, from now on.
    #[must_use]
    pub fn mark_used(token_hash: &TokenHash, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, PasswordResets::Table))
            .value(PasswordResets::UsedAt, now)
            .and_where(Expr::col(PasswordResets::TokenHash).eq(token_hash.as_slice()))
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
        linked(&HASH, NOW, true);
        mark_used(&HASH, NOW);
    }
}
