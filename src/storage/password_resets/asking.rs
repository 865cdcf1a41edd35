//! Wishes for a link, written down by the request and taken up by the mail worker.

use crate::{
    Result,
    caller::{self, Caller},
    database::{GenericClient, execute},
    domain::Email,
};
use time::OffsetDateTime;
use uuid::Uuid;

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

/// Notes a wish for a link, whether or not there is such an account.
pub async fn request(db: &impl GenericClient, request: &Request<'_>) -> Result<()> {
    execute(db, sql::request(request)).await.map(drop)
}

/// Takes up to `limit` wishes and owes a mail for each that names an account; one mail at most, ever,
/// for an account that never proved its address. Of several that do this at once each takes other ones.
pub async fn take_requests(db: &impl GenericClient, limit: u32) -> Result<()> {
    execute(db, sql::take_requests(limit)).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::Request;
    use crate::{
        database::cte::{cte, cte_once, with},
        domain::{device, network},
        storage::{
            audit::Event,
            outbox::Kind,
            schema::{AuditLog, Outbox, PasswordResetRequests, Schema, Users},
            users::folded,
        },
    };
    use sea_query::{
        Alias, Asterisk, Expr, ExprTrait, InsertStatement, LockBehavior, LockType, OnConflict,
        Order, Query, WithQuery,
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
                (*caller.trace_id).into(),
                caller.address.map(network::coarse).into(),
                device::in_words(caller.user_agent.as_deref()).into(),
                request.now.into(),
            ])
            .take()
    }

    /// Wishes become mails owed and lines of the log, or nothing. The mail and the line have the
    /// id of the wish. Where the address is not proven the mail has the account's: there can be one.
    #[must_use]
    pub fn take_requests(limit: u32) -> WithQuery {
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
        let proven = Expr::col((Users::Table, Users::EmailVerified));
        let mail_id = Expr::case(proven, asked(PasswordResetRequests::Id))
            .finally(Expr::col((Users::Table, Users::Id)));
        let account = Query::select()
            .column((Alias::new("asked"), Asterisk))
            .expr_as(Expr::col((Users::Table, Users::Id)), Outbox::UserId)
            .expr_as(mail_id, Alias::new("mail_id"))
            .from(Alias::new("asked"))
            .inner_join(
                (Schema::Users, Users::Table),
                folded(Expr::col((Users::Table, Users::Email)))
                    .eq(folded(asked(PasswordResetRequests::Email))),
            )
            .take();
        let wanted = |column: Alias| Expr::col((Alias::new("wanted"), column));
        let of_wish = |column: PasswordResetRequests| Expr::col((Alias::new("wanted"), column));
        let mail = Query::select()
            .expr(wanted(Alias::new("mail_id")))
            .expr(Expr::col((Alias::new("wanted"), Outbox::UserId)))
            .expr(Expr::val(Kind::ResetPassword.as_str()).cast_as("text"))
            .expr(of_wish(PasswordResetRequests::TraceId))
            .expr(of_wish(PasswordResetRequests::CreatedAt))
            .expr(Expr::current_timestamp())
            .from(Alias::new("wanted"))
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
            .select_from(mail)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .returning(Query::returning().column(Outbox::Id))
            .take();
        let line = Query::select()
            .expr(of_wish(PasswordResetRequests::Id))
            .expr(Expr::col((Alias::new("wanted"), Outbox::UserId)))
            .expr(Expr::val(Event::PasswordResetRequested.as_str()).cast_as("text"))
            .expr(of_wish(PasswordResetRequests::TraceId))
            .expr(of_wish(PasswordResetRequests::CreatedAt))
            .expr(of_wish(PasswordResetRequests::Address))
            .expr(of_wish(PasswordResetRequests::Device))
            .from(Alias::new("wanted"))
            .inner_join(
                Alias::new("owed"),
                wanted(Alias::new("mail_id")).equals((Alias::new("owed"), Outbox::Id)),
            )
            .take();
        let last = Query::insert()
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
            .unwrap_or_default();
        with(
            [
                cte_once("due", due),
                cte("asked", take),
                cte("wanted", account),
                cte("owed", owe),
            ],
            last,
        )
    }
}

#[cfg(test)]
mod reviewed {
    use super::{Request, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{NOW, email},
    };

    statements! {
        request(&Request::new(&email(), NOW));
        take_requests(8);
    }
}
