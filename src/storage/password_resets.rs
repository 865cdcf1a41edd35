//! Setting a new password with a link: `users.password_reset_requests` and `users.password_resets`.
//!
//! A link is tied to the address and the password that the account had when it was made: whatever
//! changes one of them ends it, and nobody has to remember to.

use super::{GenericClient, execute, optional};
use crate::{
    Result,
    caller::{self, Caller},
    domain::{Email, device, network, token::TokenHash},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// For how long a link is remembered after its end: its mail may be tried again for 48 hours, and
/// must not bring a link back that was used.
const KEPT: Duration = Duration::days(3);

/// A wish for a link, with where it came from.
pub struct Request<'a> {
    id: Uuid,
    email: &'a Email,
    caller: Caller,
    now: OffsetDateTime,
}

impl<'a> Request<'a> {
    /// The wish of the request being served.
    #[must_use]
    pub fn new(email: &'a Email, now: OffsetDateTime) -> Self {
        Self {
            id: Uuid::now_v7(),
            email,
            caller: caller::current(),
            now,
        }
    }
}

/// The account that a link is good for.
pub struct Linked {
    /// The account.
    pub user_id: Uuid,
    /// Its handle.
    pub username: String,
    /// Its address, which the link proves.
    pub email: String,
}

/// Notes a wish for a link, whether or not there is such an account.
pub async fn request(db: &impl GenericClient, request: &Request<'_>) -> Result<()> {
    execute(db, sql::request(request)).await.map(drop)
}

/// Takes up to `limit` wishes and owes a mail for each that names an account. Of several that do
/// this at once each takes other ones.
pub async fn take_requests(db: &impl GenericClient, limit: u32, now: OffsetDateTime) -> Result<()> {
    execute(db, sql::take_requests(limit, now)).await.map(drop)
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

/// Forgets links that ended days ago, and says how many.
pub async fn delete_expired(db: &impl GenericClient, now: OffsetDateTime) -> Result<u64> {
    execute(db, sql::delete_expired(now - KEPT)).await
}

/// The statements.
pub mod sql {
    use super::{OffsetDateTime, Request, TokenHash, Uuid, device, network};
    use crate::storage::{
        audit::Event,
        outbox::Kind,
        schema::{AuditLog, Outbox, PasswordResetRequests, PasswordResets, Schema, Users},
    };
    use sea_query::{
        Alias, CommonTableExpression, DeleteStatement, Expr, ExprTrait, Func, InsertStatement,
        LockBehavior, LockType, OnConflict, Order, Query, SelectStatement, UpdateStatement,
        WithClause, WithQuery,
    };

    /// A wish.
    #[must_use]
    pub fn request(request: &Request<'_>) -> InsertStatement {
        let caller = &request.caller;
        Query::insert()
            .into_table((Schema::Users, PasswordResetRequests::Table))
            .columns([
                PasswordResetRequests::Id,
                PasswordResetRequests::Email,
                PasswordResetRequests::TraceId,
                PasswordResetRequests::Address,
                PasswordResetRequests::Device,
                PasswordResetRequests::CreatedAt,
            ])
            .values_panic([
                request.id.into(),
                request.email.as_str().into(),
                caller.trace_id.as_str().into(),
                caller.address.map(network::coarse).into(),
                device::in_words(caller.user_agent.as_deref()).into(),
                request.now.into(),
            ])
            .take()
    }

    /// Wishes become mails owed and lines of the log, or nothing. The mail and the line have the
    /// id of the wish.
    #[must_use]
    pub fn take_requests(limit: u32, now: OffsetDateTime) -> WithQuery {
        let asked = |column: PasswordResetRequests| Expr::col((Alias::new("asked"), column));
        let due = Query::select()
            .column(PasswordResetRequests::Id)
            .from((Schema::Users, PasswordResetRequests::Table))
            .order_by(PasswordResetRequests::Id, Order::Asc)
            .limit(limit.into())
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        let take = Query::delete()
            .from_table((Schema::Users, PasswordResetRequests::Table))
            .and_where(
                Expr::col(PasswordResetRequests::Id).in_subquery(
                    Query::select()
                        .column(PasswordResetRequests::Id)
                        .from(Alias::new("due"))
                        .take(),
                ),
            )
            .returning_all()
            .take();
        let account = Query::select()
            .expr(asked(PasswordResetRequests::Id))
            .column((Users::Table, Users::Id))
            .expr(Expr::val(Kind::ResetPassword.as_str()).cast_as("text"))
            .expr(asked(PasswordResetRequests::TraceId))
            .expr(asked(PasswordResetRequests::CreatedAt))
            .expr(Expr::val(now).cast_as("timestamptz"))
            .from(Alias::new("asked"))
            .inner_join(
                (Schema::Users, Users::Table),
                Expr::from(Func::lower(Expr::col((Users::Table, Users::Email))))
                    .eq(Func::lower(asked(PasswordResetRequests::Email))),
            )
            .take();
        let owe = Query::insert()
            .into_table((Schema::Users, Outbox::Table))
            .columns([
                Outbox::Id,
                Outbox::UserId,
                Outbox::Kind,
                Outbox::TraceId,
                Outbox::CreatedAt,
                Outbox::NextAttemptAt,
            ])
            .select_from(account)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .returning(Query::returning().columns([Outbox::Id, Outbox::UserId]))
            .take();
        let line = Query::select()
            .column((Alias::new("owed"), Outbox::Id))
            .column((Alias::new("owed"), Outbox::UserId))
            .expr(Expr::val(Event::PasswordResetRequested.as_str()).cast_as("text"))
            .expr(asked(PasswordResetRequests::TraceId))
            .expr(asked(PasswordResetRequests::CreatedAt))
            .expr(asked(PasswordResetRequests::Address))
            .expr(asked(PasswordResetRequests::Device))
            .from(Alias::new("owed"))
            .inner_join(
                Alias::new("asked"),
                asked(PasswordResetRequests::Id).equals((Alias::new("owed"), Outbox::Id)),
            )
            .take();
        Query::insert()
            .into_table((Schema::Users, AuditLog::Table))
            .columns([
                AuditLog::Id,
                AuditLog::UserId,
                AuditLog::Event,
                AuditLog::TraceId,
                AuditLog::CreatedAt,
                AuditLog::Address,
                AuditLog::Device,
            ])
            .select_from(line)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .with(
                WithClause::new()
                    // As a subquery it might be run more than once, and lock more than `limit`.
                    .cte(cte("due", due).materialized(true).to_owned())
                    .cte(cte("asked", take))
                    .cte(cte("owed", owe))
                    .to_owned(),
            )
    }

    fn cte(
        name: &'static str,
        query: impl Into<sea_query::SubQueryStatement>,
    ) -> CommonTableExpression {
        CommonTableExpression::new()
            .query(query)
            .table_name(Alias::new(name))
            .to_owned()
    }

    /// What stands for the password of an account without being of use for a guess.
    fn password_digest() -> Expr {
        let hash = Expr::col((Users::Table, Users::PasswordHash));
        let bytes = Func::cust("convert_to").arg(hash).arg("UTF8");
        Func::cust("sha256").arg(bytes).into()
    }

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

    /// A link that was used, from now on.
    #[must_use]
    pub fn mark_used(token_hash: &TokenHash, now: OffsetDateTime) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, PasswordResets::Table))
            .value(PasswordResets::UsedAt, now)
            .and_where(Expr::col(PasswordResets::TokenHash).eq(token_hash.as_slice()))
            .take()
    }

    /// Links that ended before this time, gone.
    #[must_use]
    pub fn delete_expired(before: OffsetDateTime) -> DeleteStatement {
        Query::delete()
            .from_table((Schema::Users, PasswordResets::Table))
            .and_where(Expr::col(PasswordResets::ExpiresAt).lt(before))
            .take()
    }
}
