//! The append-only log of what happened to accounts.

use crate::{
    Result,
    caller::{self, Caller},
    database::{GenericClient, execute},
    domain::{device, network},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody logged in.
    LoggedIn,
    /// Somebody tried to log in with a wrong password.
    LogInFailed,
    /// The owner logged out.
    LoggedOut,
    /// A refresh token was presented again after its grace: the family was revoked.
    RefreshTokenReused,
    /// The owner ended a session from another one.
    SessionEnded,
    /// The password was entered again before a sensitive change.
    Reauthenticated,
    /// The password was changed by who knew the old one.
    PasswordChanged,
    /// A link to set a new password was asked for.
    PasswordResetRequested,
    /// A new password was set with such a link.
    PasswordReset,
    /// A new address was named; it has not proven itself yet.
    EmailChangeRequested,
    /// The new address proved itself and took the place of the old one.
    EmailChanged,
    /// The old address was put back by its owner.
    EmailRestored,
    /// The new address was kept: the old one can't be put back any more.
    EmailKept,
    /// The handle was changed.
    UsernameChanged,
    /// A copy of everything about the account was asked for.
    ExportRequested,
    /// The account is to be deleted.
    DeletionRequested,
    /// The account is kept after all.
    DeletionCancelled,
}

impl Event {
    /// The word in the table's column `event`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoggedIn => "logged_in",
            Self::LogInFailed => "log_in_failed",
            Self::LoggedOut => "logged_out",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::SessionEnded => "session_ended",
            Self::Reauthenticated => "reauthenticated",
            Self::PasswordChanged => "password_changed",
            Self::PasswordResetRequested => "password_reset_requested",
            Self::PasswordReset => "password_reset",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::EmailRestored => "email_restored",
            Self::EmailKept => "email_kept",
            Self::UsernameChanged => "username_changed",
            Self::ExportRequested => "export_requested",
            Self::DeletionRequested => "deletion_requested",
            Self::DeletionCancelled => "deletion_cancelled",
        }
    }
}

/// Notes an event with where it came from: the trace, network and device of the request being
/// served. `session_id` is the session that did it, or that it was done to; `detail` is safe to
/// show to the owner.
pub async fn append(
    db: &impl GenericClient,
    user_id: Uuid,
    session_id: Option<Uuid>,
    event: Event,
    detail: Option<&str>,
    now: OffsetDateTime,
) -> Result<()> {
    let entry = Entry::new(user_id, session_id, event, detail, now);
    execute(db, sql::append(&entry)).await.map(drop)
}

/// A line of the log.
pub struct Entry<'a> {
    user_id: Uuid,
    session_id: Option<Uuid>,
    event: Event,
    detail: Option<&'a str>,
    now: OffsetDateTime,
    caller: Caller,
}

impl<'a> Entry<'a> {
    /// A line about something that the request being served does.
    #[must_use]
    pub fn new(
        user_id: Uuid,
        session_id: Option<Uuid>,
        event: Event,
        detail: Option<&'a str>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            user_id,
            session_id,
            event,
            detail,
            now,
            caller: caller::current(),
        }
    }

    /// The device of the request being served; work that no request asked for has none.
    #[must_use]
    pub fn device(&self) -> Option<String> {
        let is_request = !self.caller.trace_id.is_empty();
        is_request.then(|| device::in_words(self.caller.user_agent.as_deref()))
    }
}

/// The statements.
pub mod sql {
    use super::{Entry, Uuid, network};
    use crate::storage::schema::{AuditLog, Schema};
    use sea_query::{Expr, ExprTrait, InsertStatement, IntoTableRef, Query};

    const COLUMNS: [AuditLog; 9] = [
        AuditLog::Id,
        AuditLog::UserId,
        AuditLog::SessionId,
        AuditLog::Event,
        AuditLog::TraceId,
        AuditLog::CreatedAt,
        AuditLog::Address,
        AuditLog::Device,
        AuditLog::Detail,
    ];

    /// One line.
    #[must_use]
    pub fn append(entry: &Entry<'_>) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, AuditLog::Table))
            .columns(COLUMNS)
            .values_panic(values(entry))
            .take()
    }

    /// One line for each row of another part of the same statement: none if that did nothing.
    #[must_use]
    pub fn append_if(entry: &Entry<'_>, done: impl IntoTableRef) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, AuditLog::Table))
            .columns(COLUMNS)
            .select_from(Query::select().exprs(values(entry)).from(done).take())
            .map(InsertStatement::take)
            .unwrap_or_default()
    }

    fn values(entry: &Entry<'_>) -> [Expr; 9] {
        let caller = &entry.caller;
        let is_request = !caller.trace_id.is_empty();
        let trace_id = is_request.then(|| caller.trace_id.to_string());
        let text = |text: Option<String>| Expr::val(text).cast_as("text");
        [
            Expr::val(Uuid::now_v7()).cast_as("uuid"),
            Expr::val(entry.user_id).cast_as("uuid"),
            Expr::val(entry.session_id).cast_as("uuid"),
            text(Some(entry.event.as_str().to_owned())),
            text(trace_id),
            Expr::val(entry.now).cast_as("timestamptz"),
            text(caller.address.map(network::coarse)),
            text(entry.device()),
            text(entry.detail.map(str::to_owned)),
        ]
    }
}

#[cfg(test)]
mod reviewed {
    use super::{Entry, Event, sql};
    use crate::{
        database::reviewed::statements,
        storage::samples::{A, B, NOW},
    };

    statements! {
        append(&Entry::new(A, Some(B), Event::LoggedIn, None, NOW));
    }
}
