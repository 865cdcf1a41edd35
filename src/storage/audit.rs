//! The append-only log of what happened to accounts.

use super::{GenericClient, execute};
use crate::{Result, trace};
use time::OffsetDateTime;
use uuid::Uuid;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A refresh token was presented again after its grace: the family was revoked.
    RefreshTokenReused,
}

impl Event {
    fn as_str(self) -> &'static str {
        match self {
            Self::RefreshTokenReused => "refresh_token_reused",
        }
    }
}

/// Notes an event, with the trace id of the request that caused it.
pub async fn append(
    db: &impl GenericClient,
    user_id: Uuid,
    session_id: Uuid,
    event: Event,
    now: OffsetDateTime,
) -> Result<()> {
    let statement = sql::append(user_id, session_id, event, trace::current(), now);
    execute(db, statement).await.map(drop)
}

/// The statements.
pub mod sql {
    use super::{Event, OffsetDateTime, Uuid};
    use crate::storage::schema::{AuditLog, Schema};
    use sea_query::{InsertStatement, Query};

    /// One event.
    #[must_use]
    pub fn append(
        user_id: Uuid,
        session_id: Uuid,
        event: Event,
        trace_id: Option<String>,
        now: OffsetDateTime,
    ) -> InsertStatement {
        Query::insert()
            .into_table((Schema::Users, AuditLog::Table))
            .columns([
                AuditLog::Id,
                AuditLog::UserId,
                AuditLog::SessionId,
                AuditLog::Event,
                AuditLog::TraceId,
                AuditLog::CreatedAt,
            ])
            .values_panic([
                Uuid::now_v7().into(),
                user_id.into(),
                session_id.into(),
                event.as_str().into(),
                trace_id.into(),
                now.into(),
            ])
            .take()
    }
}
