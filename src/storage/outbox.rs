//! Mails owed: `users.outbox`.
//!
//! A row is committed with its cause. Whoever sends the mail claims the row by moving
//! `next_attempt_at` ahead: when that time comes and nobody moved it on, the claim has lapsed.

use super::{GenericClient, all, execute, one};
use crate::Result;
use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use uuid::Uuid;

/// How long a claim holds unless it is renewed.
pub const CLAIM: Duration = Duration::seconds(30);

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The link that proves an address.
    VerifyEmail,
}

impl Kind {
    /// The word in the table's column `kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
        }
    }
}

/// A mail that was claimed, with what is needed to write it.
#[derive(Debug, Clone)]
pub struct Owed {
    /// The mail's id, in its Message-ID and its link.
    pub id: Uuid,
    /// Whose mail it is.
    pub user_id: Uuid,
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

/// What becomes of a mail that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is tried again at this time.
    At(OffsetDateTime),
    /// It was given up at this time.
    GivenUp(OffsetDateTime),
}

/// What is still to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// How many mails.
    pub count: i64,
    /// When the oldest of them came to be owed.
    pub oldest: Option<OffsetDateTime>,
}

/// Owes a mail. Call it in the transaction of its cause, and ring `App::mail_owed` after the
/// commit: the worker then looks at once.
pub async fn owe(
    db: &impl GenericClient,
    id: Uuid,
    user_id: Uuid,
    kind: Kind,
    trace_id: Option<&str>,
    now: OffsetDateTime,
) -> Result<()> {
    execute(db, sql::owe(id, user_id, kind, trace_id, now)).await?;
    Ok(())
}

/// Takes up to `limit` mails that are due; nobody else gets them for as long as the claim holds.
pub async fn claim(db: &impl GenericClient, now: OffsetDateTime, limit: u32) -> Result<Vec<Owed>> {
    let rows = all(db, sql::claim(now, now + CLAIM, limit)).await?;
    rows.iter().map(Owed::from_row).collect()
}

/// Holds on to a claim that has not lapsed to somebody else.
pub async fn renew(db: &impl GenericClient, owed: &Owed, now: OffsetDateTime) -> Result<()> {
    execute(db, sql::renew(owed, now + CLAIM)).await?;
    Ok(())
}

/// The mail is sent, or needed no more. This holds whoever has the claim by now.
pub async fn sent(db: &impl GenericClient, owed: &Owed, now: OffsetDateTime) -> Result<()> {
    execute(db, sql::sent(owed, now)).await?;
    Ok(())
}

/// The attempt failed. Without effect if the claim lapsed to somebody else.
pub async fn failed(
    db: &impl GenericClient,
    owed: &Owed,
    next: Next,
    last_error: &str,
) -> Result<()> {
    execute(db, sql::failed(owed, next, last_error)).await?;
    Ok(())
}

/// How many mails are still to be sent, and how old the oldest is.
pub async fn pending(db: &impl GenericClient) -> Result<Pending> {
    let row = one(db, sql::pending()).await?;
    Ok(Pending {
        count: row.try_get(0)?,
        oldest: row.try_get(1)?,
    })
}

impl Owed {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            user_id: row.try_get("user_id")?,
            trace_id: row.try_get("trace_id")?,
            created_at: row.try_get("created_at")?,
            attempts: row.try_get("attempts")?,
            username: row.try_get("username")?,
            email: row.try_get("email")?,
            email_verified: row.try_get("email_verified")?,
        })
    }
}

/// The statements.
pub mod sql {
    use super::{Kind, Next, Owed};
    use crate::storage::schema::{Outbox, Schema, Users};
    use sea_query::{
        Alias, CommonTableExpression, Condition, Expr, ExprTrait, Func, InsertStatement,
        LockBehavior, LockType, Order, Query, SelectStatement, UpdateStatement, WithClause,
        WithQuery,
    };
    use time::OffsetDateTime;
    use uuid::Uuid;

    /// A new mail, due at once.
    #[must_use]
    pub fn owe(
        id: Uuid,
        user_id: Uuid,
        kind: Kind,
        trace_id: Option<&str>,
        now: OffsetDateTime,
    ) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, Outbox::Table))
            .columns([
                Outbox::Id,
                Outbox::UserId,
                Outbox::Kind,
                Outbox::TraceId,
                Outbox::CreatedAt,
                Outbox::NextAttemptAt,
            ])
            .values_panic([
                id.into(),
                user_id.into(),
                kind.as_str().into(),
                trace_id.map(str::to_owned).into(),
                now.into(),
                now.into(),
            ])
            .take()
    }

    /// Moves the mails due longest ahead to `until`, passing over those that another is
    /// claiming right now, and gives them with their accounts.
    #[must_use]
    pub fn claim(now: OffsetDateTime, until: OffsetDateTime, limit: u32) -> WithQuery {
        let due = Query::select()
            .columns([Outbox::UserId, Outbox::Id])
            .from((Schema::Users, Outbox::Table))
            .cond_where(unfinished().add(Expr::col(Outbox::NextAttemptAt).lte(now)))
            .order_by(Outbox::NextAttemptAt, Order::Asc)
            .limit(limit.into())
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        // As a subquery of the condition it might be run more than once, and lock more than `limit`.
        let due = CommonTableExpression::new()
            .table_name(Alias::new("due"))
            .materialized(true)
            .query(due)
            .to_owned();
        Query::update()
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
                Expr::col((Outbox::Table, Outbox::TraceId)),
                Expr::col((Outbox::Table, Outbox::CreatedAt)),
                Expr::col((Outbox::Table, Outbox::Attempts)),
                Expr::col((Users::Table, Users::Username)),
                Expr::col((Users::Table, Users::Email)),
                Expr::col((Users::Table, Users::EmailVerified)),
            ]))
            .take()
            .with(WithClause::new().cte(due).to_owned())
    }

    /// Moves a claim ahead to `until`, if it is still the newest.
    #[must_use]
    pub fn renew(owed: &Owed, until: OffsetDateTime) -> UpdateStatement {
        claimed(owed).value(Outbox::NextAttemptAt, until).take()
    }

    /// Marks a mail as sent, whatever others think of it.
    #[must_use]
    pub fn sent(owed: &Owed, now: OffsetDateTime) -> UpdateStatement {
        this(owed)
            .value(Outbox::SentAt, now)
            .value(Outbox::GivenUpAt, None::<OffsetDateTime>)
            .and_where(Expr::col(Outbox::SentAt).is_null())
            .take()
    }

    /// Lets a claimed mail wait for its next attempt, or gives it up.
    #[must_use]
    pub fn failed(owed: &Owed, next: Next, last_error: &str) -> UpdateStatement {
        let (column, at) = match next {
            Next::At(at) => (Outbox::NextAttemptAt, at),
            Next::GivenUp(at) => (Outbox::GivenUpAt, at),
        };
        claimed(owed)
            .value(column, at)
            .value(Outbox::LastError, last_error)
            .take()
    }

    /// Counts the mails still to be sent, with the time of the oldest.
    #[must_use]
    pub fn pending() -> SelectStatement {
        Query::select()
            .expr(Func::count(Expr::col(Outbox::Id)))
            .expr(Func::min(Expr::col(Outbox::CreatedAt)))
            .from((Schema::Users, Outbox::Table))
            .cond_where(unfinished())
            .take()
    }

    fn unfinished() -> Condition {
        Condition::all()
            .add(Expr::col(Outbox::SentAt).is_null())
            .add(Expr::col(Outbox::GivenUpAt).is_null())
    }

    fn this(owed: &Owed) -> UpdateStatement {
        Query::update()
            .table((Schema::Users, Outbox::Table))
            .and_where(Expr::col(Outbox::UserId).eq(owed.user_id))
            .and_where(Expr::col(Outbox::Id).eq(owed.id))
            .take()
    }

    /// Every claim counts an attempt: the number tells this claim from a later one.
    fn claimed(owed: &Owed) -> UpdateStatement {
        this(owed)
            .and_where(Expr::col(Outbox::Attempts).eq(owed.attempts))
            .cond_where(unfinished())
            .take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_query::PostgresQueryBuilder;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 14:30 UTC);

    fn owed() -> Owed {
        Owed {
            id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            trace_id: None,
            created_at: NOW,
            attempts: 3,
            username: String::new(),
            email: String::new(),
            email_verified: false,
        }
    }

    #[test]
    fn owe() {
        let sql = sql::owe(owed().id, owed().user_id, Kind::VerifyEmail, None, NOW)
            .build(PostgresQueryBuilder)
            .0;
        assert_eq!(
            sql,
            concat!(
                r#"INSERT INTO "users"."outbox" ("id", "user_id", "kind", "trace_id", "created_at", "next_attempt_at") "#,
                r#"VALUES ($1, $2, $3, $4, $5, $6)"#,
            )
        );
    }

    #[test]
    fn claim() {
        let sql = sql::claim(NOW, NOW + CLAIM, 8)
            .build(PostgresQueryBuilder)
            .0;
        assert_eq!(
            sql,
            concat!(
                r#"WITH "due" AS  MATERIALIZED (SELECT "user_id", "id" "#,
                r#"FROM "users"."outbox" "#,
                r#"WHERE "sent_at" IS NULL AND "given_up_at" IS NULL AND "next_attempt_at" <= $1 "#,
                r#"ORDER BY "next_attempt_at" ASC LIMIT $2 "#,
                r#"FOR UPDATE SKIP LOCKED) "#,
                r#"UPDATE "users"."outbox" "#,
                r#"SET "next_attempt_at" = $3, "attempts" = "attempts" + $4 "#,
                r#"FROM "due", "users"."users" "#,
                r#"WHERE "outbox"."user_id" = "due"."user_id" AND "outbox"."id" = "due"."id" "#,
                r#"AND "users"."id" = "outbox"."user_id" "#,
                r#"RETURNING "outbox"."id", "outbox"."user_id", "outbox"."trace_id", "outbox"."created_at", "#,
                r#""outbox"."attempts", "users"."username", "users"."email", "users"."email_verified""#,
            )
        );
    }

    #[test]
    fn renew() {
        let sql = sql::renew(&owed(), NOW).build(PostgresQueryBuilder).0;
        assert_eq!(
            sql,
            concat!(
                r#"UPDATE "users"."outbox" "#,
                r#"SET "next_attempt_at" = $1 "#,
                r#"WHERE "user_id" = $2 AND "id" = $3 "#,
                r#"AND "attempts" = $4 AND "sent_at" IS NULL AND "given_up_at" IS NULL"#,
            )
        );
    }

    #[test]
    fn sent() {
        let sql = sql::sent(&owed(), NOW).build(PostgresQueryBuilder).0;
        assert_eq!(
            sql,
            concat!(
                r#"UPDATE "users"."outbox" "#,
                r#"SET "sent_at" = $1, "given_up_at" = $2 "#,
                r#"WHERE "user_id" = $3 AND "id" = $4 AND "sent_at" IS NULL"#,
            )
        );
    }

    #[test]
    fn failed() {
        let sql = |next| {
            sql::failed(&owed(), next, "why")
                .build(PostgresQueryBuilder)
                .0
        };
        assert_eq!(
            sql(Next::At(NOW)),
            concat!(
                r#"UPDATE "users"."outbox" "#,
                r#"SET "next_attempt_at" = $1, "last_error" = $2 "#,
                r#"WHERE "user_id" = $3 AND "id" = $4 "#,
                r#"AND "attempts" = $5 AND "sent_at" IS NULL AND "given_up_at" IS NULL"#,
            )
        );
        assert!(sql(Next::GivenUp(NOW)).contains(r#"SET "given_up_at" = $1"#));
    }

    #[test]
    fn pending() {
        let sql = sql::pending().build(PostgresQueryBuilder).0;
        assert_eq!(
            sql,
            concat!(
                r#"SELECT COUNT("id"), MIN("created_at") "#,
                r#"FROM "users"."outbox" "#,
                r#"WHERE "sent_at" IS NULL AND "given_up_at" IS NULL"#,
            )
        );
    }
}
