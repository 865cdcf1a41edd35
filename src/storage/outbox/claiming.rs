//! Mails that are due: taking them to send them, and counting them.

use super::Kind;
use crate::{
    Error, Result,
    database::{GenericClient, all, one},
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use uuid::Uuid;

/// How long a claim holds unless it is renewed.
pub const CLAIM: Duration = Duration::seconds(30);

/// A mail that was claimed, with what is needed to write it.
#[derive(Debug, Clone)]
pub struct Owed {
    /// The mail's id, in its Message-ID and its link.
    pub id: Uuid,
    /// Whose mail it is.
    pub user_id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Where it goes, if not to the account's address.
    pub recipient: Option<String>,
    /// What else it says, by name.
    pub data: Option<Value>,
    /// The trace of the request that caused it.
    pub trace_id: Option<String>,
    /// When it came to be owed.
    pub created_at: OffsetDateTime,
    /// Which attempt this is, from 1: also the name of the claim.
    pub attempts: i32,
    /// The account's name.
    pub username: String,
    /// The account's address.
    pub email: String,
    /// Whether the address has been proven meanwhile.
    pub email_verified: bool,
}

impl Owed {
    /// The address that the mail goes to.
    #[must_use]
    pub fn to(&self) -> &str {
        self.recipient.as_deref().unwrap_or(&self.email)
    }

    /// What else the mail says under this name.
    #[must_use]
    pub fn says(&self, name: &str) -> Option<&str> {
        self.data.as_ref()?.get(name)?.as_str()
    }

    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            user_id: row.try_get("user_id")?,
            kind: Kind::named(row.try_get("kind")?)
                .ok_or_else(|| Error::internal("a mail of an unknown kind was claimed"))?,
            recipient: row.try_get("recipient")?,
            data: row.try_get("data")?,
            trace_id: row.try_get("trace_id")?,
            created_at: row.try_get("created_at")?,
            attempts: row.try_get("attempts")?,
            username: row.try_get("username")?,
            email: row.try_get("email")?,
            email_verified: row.try_get("email_verified")?,
        })
    }
}

/// What is still to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// How many mails.
    pub count: i64,
    /// When the oldest of them came to be owed.
    pub oldest: Option<OffsetDateTime>,
}

/// Takes up to `limit` mails that are due; nobody else gets them for as long as the claim holds.
/// `passed` is [`Clock::passed`](crate::clock::Clock::passed).
pub async fn claim(db: &impl GenericClient, passed: Duration, limit: u32) -> Result<Vec<Owed>> {
    let rows = all(db, sql::claim(passed, limit)).await?;
    rows.iter().map(Owed::from_row).collect()
}

/// How many mails are still to be sent, and how old the oldest is.
pub async fn pending(db: &impl GenericClient) -> Result<Pending> {
    let row = one(db, sql::pending()).await?;
    Ok(Pending {
        count: row.try_get(0)?,
        oldest: row.try_get(1)?,
    })
}

/// The statements.
pub mod sql {
    use super::{CLAIM, Duration, Kind};
    use crate::{
        database::{
            cte::{cte_once, with},
            now::in_seconds,
        },
        storage::{
            outbox::unfinished,
            schema::{Outbox, Schema, Users},
        },
    };
    use sea_query::{
        Alias, Expr, ExprTrait, Func, LockBehavior, LockType, Order, Query, SelectStatement,
        WithQuery, extension::postgres::PgExpr,
    };

    /// Moves the mails due longest ahead, passing over those that another is claiming right now,
    /// and gives them with their accounts.
    #[must_use]
    pub fn claim(passed: Duration, limit: u32) -> WithQuery {
        let now = in_seconds(passed.as_seconds_f64());
        let until = in_seconds((passed + CLAIM).as_seconds_f64());
        let due = Query::select()
            .columns([Outbox::UserId, Outbox::Id])
            .from((Schema::Users, Outbox::Table))
            .cond_where(unfinished().add(Expr::col(Outbox::NextAttemptAt).lte(now)))
            .and_where(
                Expr::col(Outbox::Kind)
                    .eq_any(Kind::ALL.map(|kind| kind.as_str().to_owned()).to_vec()),
            )
            .order_by(Outbox::NextAttemptAt, Order::Asc)
            .limit(limit.into())
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        let due = cte_once("due", due);
        let last = Query::update()
            .table((Schema::Users, Outbox::Table))
            .value(Outbox::NextAttemptAt, until)
            .value(Outbox::Attempts, Expr::col(Outbox::Attempts).add(1_i32))
            .from(Alias::new("due"))
            .from((Schema::Users, Users::Table))
            .and_where(Expr::col((Outbox::Table, Outbox::UserId)).equals(("due", Outbox::UserId)))
            .and_where(Expr::col((Outbox::Table, Outbox::Id)).equals(("due", Outbox::Id)))
            .and_where(Expr::col((Users::Table, Users::Id)).equals((Outbox::Table, Outbox::UserId)))
            .returning(Query::returning().exprs([
                Expr::col((Outbox::Table, Outbox::Id)),
                Expr::col((Outbox::Table, Outbox::UserId)),
                Expr::col((Outbox::Table, Outbox::Kind)),
                Expr::col((Outbox::Table, Outbox::Recipient)),
                Expr::col((Outbox::Table, Outbox::Data)),
                Expr::col((Outbox::Table, Outbox::TraceId)),
                Expr::col((Outbox::Table, Outbox::CreatedAt)),
                Expr::col((Outbox::Table, Outbox::Attempts)),
                Expr::col((Users::Table, Users::Username)),
                Expr::col((Users::Table, Users::Email)),
                Expr::col((Users::Table, Users::EmailVerified)),
            ]))
            .take();
        with([due], last)
    }

    /// Counts the mails still to be sent, with the time of the oldest. Those that are for later are not
    /// owed yet.
    #[must_use]
    pub fn pending() -> SelectStatement {
        Query::select()
            .expr(Func::count(Expr::col(Outbox::Id)))
            .expr(Func::min(Expr::col(Outbox::CreatedAt)))
            .from((Schema::Users, Outbox::Table))
            .cond_where(unfinished())
            .and_where(Expr::col(Outbox::CreatedAt).lte(Expr::current_timestamp()))
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::sql;
    use crate::database::reviewed::statements;
    use time::Duration;

    statements! {
        claim(Duration::ZERO, 8);
        pending();
    }
}
