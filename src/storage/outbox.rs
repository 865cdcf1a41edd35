//! Mails owed: `users.outbox`.
//!
//! A row is committed with its cause. Whoever sends the mail claims the row by moving
//! `next_attempt_at` ahead: when that time comes and nobody moved it on, the claim has lapsed.

use super::{GenericClient, all, execute, one};
use crate::{
    Error, Result, caller,
    domain::{device, network},
};
use serde_json::{Value, json};
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
    /// The link that sets a new password.
    ResetPassword,
    /// The link that proves the new address of an account, to that address.
    ConfirmEmail,
    /// Another address was asked for: to the one that the account has.
    EmailChangeRequested,
    /// The address was changed: to the new one, and with the way back to the old one.
    EmailChanged,
    /// The password was changed.
    PasswordChanged,
    /// A new password was set with a link.
    PasswordReset,
    /// The handle was changed.
    UsernameChanged,
    /// Somebody logged in from a kind of device that was not seen before.
    NewDevice,
    /// A refresh token was used twice: the session was ended.
    SessionStolen,
    /// The copy of everything about the account is ready.
    ExportReady,
    /// The account is to be deleted.
    DeletionRequested,
    /// The account is kept after all.
    DeletionCancelled,
}

impl Kind {
    /// The word in the table's column `kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ConfirmEmail => "confirm_email",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::UsernameChanged => "username_changed",
            Self::NewDevice => "new_device",
            Self::SessionStolen => "session_stolen",
            Self::ExportReady => "export_ready",
            Self::DeletionRequested => "deletion_requested",
            Self::DeletionCancelled => "deletion_cancelled",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Every kind that this version can write; a newer one's mails are left to it.
    pub const ALL: [Self; 13] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ConfirmEmail,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::UsernameChanged,
        Self::NewDevice,
        Self::SessionStolen,
        Self::ExportReady,
        Self::DeletionRequested,
        Self::DeletionCancelled,
    ];
}

/// A mail about to be owed, with the trace of the request that causes it.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    /// The mail's id, in its Message-ID; tokens of its links are derived from it.
    pub id: Uuid,
    /// Whose account it is about.
    pub user_id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Where it goes, if not to the address that the account has when it is sent.
    pub recipient: Option<&'a str>,
    /// What else it says, by name. No secrets: tokens are derived when it is sent.
    pub data: Option<Value>,
    /// When it comes to be owed.
    pub now: OffsetDateTime,
    trace_id: Option<String>,
}

impl<'a> NewMail<'a> {
    /// A mail to the account's own address.
    #[must_use]
    pub fn new(user_id: Uuid, kind: Kind, now: OffsetDateTime) -> Self {
        Self {
            id: Uuid::now_v7(),
            user_id,
            kind,
            recipient: None,
            data: None,
            now,
            trace_id: caller::trace_id(),
        }
    }

    /// A notice of what the request being served did, saying from where.
    #[must_use]
    pub fn notice(user_id: Uuid, kind: Kind, now: OffsetDateTime) -> Self {
        let caller = caller::current();
        Self::new(user_id, kind, now).saying(json!({
            "device": device::in_words(caller.user_agent.as_deref()),
            "network": caller.address.map(network::coarse),
        }))
    }

    /// The same, saying this too.
    #[must_use]
    pub fn also(mut self, name: &str, value: &str) -> Self {
        let data = self.data.get_or_insert_with(|| json!({}));
        data[name] = value.into();
        self
    }

    /// The same to this address, whatever becomes of the account's.
    #[must_use]
    pub fn to(mut self, recipient: &'a str) -> Self {
        self.recipient = Some(recipient);
        self
    }

    /// The same with more to say: the members of an object.
    #[must_use]
    pub fn saying(mut self, more: Value) -> Self {
        match (&mut self.data, more) {
            (Some(Value::Object(said)), Value::Object(more)) => said.extend(more),
            (data, more) => *data = Some(more),
        }
        self
    }
}

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
pub async fn owe(db: &impl GenericClient, mail: &NewMail<'_>) -> Result<()> {
    execute(db, sql::owe(mail)).await?;
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

/// The statements.
pub mod sql {
    use super::{Kind, NewMail, Next, Owed};
    use crate::storage::schema::{Outbox, Schema, Users};
    use sea_query::{
        Alias, CommonTableExpression, Condition, Expr, ExprTrait, Func, InsertStatement,
        IntoTableRef, LockBehavior, LockType, OnConflict, Order, Query, SelectStatement,
        UpdateStatement, WithClause, WithQuery, extension::postgres::PgExpr,
    };
    use time::OffsetDateTime;

    const NEW: [Outbox; 8] = [
        Outbox::Id,
        Outbox::UserId,
        Outbox::Kind,
        Outbox::TraceId,
        Outbox::CreatedAt,
        Outbox::NextAttemptAt,
        Outbox::Recipient,
        Outbox::Data,
    ];

    /// A new mail, due at once.
    #[must_use]
    pub fn owe(mail: &NewMail<'_>) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, Outbox::Table))
            .columns(NEW)
            .values_panic([
                mail.id.into(),
                mail.user_id.into(),
                mail.kind.as_str().into(),
                mail.trace_id.clone().into(),
                mail.now.into(),
                mail.now.into(),
                mail.recipient.map(str::to_owned).into(),
                mail.data.clone().into(),
            ])
            .take()
    }

    /// A new mail if another part of the same statement did something and this holds, unless the
    /// mail is owed already.
    #[must_use]
    pub fn owe_if(
        mail: &NewMail<'_>,
        done: impl IntoTableRef,
        holds: Condition,
    ) -> InsertStatement {
        let text = |text: Option<&str>| Expr::val(text.map(str::to_owned)).cast_as("text");
        let row = Query::select()
            .exprs([
                Expr::val(mail.id).cast_as("uuid"),
                Expr::val(mail.user_id).cast_as("uuid"),
                text(Some(mail.kind.as_str())),
                text(mail.trace_id.as_deref()),
                Expr::val(mail.now).cast_as("timestamptz"),
                Expr::val(mail.now).cast_as("timestamptz"),
                text(mail.recipient),
                Expr::val(mail.data.clone()).cast_as("jsonb"),
            ])
            .from(done)
            .cond_where(holds)
            .take();
        Query::insert()
            .into_table((Schema::Users, Outbox::Table))
            .columns(NEW)
            .select_from(row)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(OnConflict::new().do_nothing().to_owned())
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
            .and_where(
                Expr::col(Outbox::Kind)
                    .eq_any(Kind::ALL.map(|kind| kind.as_str().to_owned()).to_vec()),
            )
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
