//! Which sessions ended, for services that check access tokens themselves.

use crate::{
    App, Result,
    crypto::keys::ACCESS_TOKEN_LIFETIME,
    domain::page::Cursor,
    error::{Broken, FieldErrors},
    storage::devices,
};
use serde::Serialize;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;
use uuid::Uuid;

/// What ended longer ago left no access token behind: their lifetime, and what clocks may differ.
const TOLD: Duration = Duration::minutes(ACCESS_TOKEN_LIFETIME.whole_minutes() + 5);
/// An end is seen at its commit, a little after its time: later than any request lasts, and than
/// the clocks of replicas differ, none of that time comes to light.
const OVERLAP: Duration = Duration::minutes(2);
/// The most that one answer tells.
const MOST: usize = 1_000;

/// A session that ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revocation {
    /// The session: the `jti` of its access tokens begins with it, up to the dot.
    pub session_id: Uuid,
    /// When it ended, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub revoked_at: OffsetDateTime,
}

/// Sessions that ended, and how to go on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Revocations {
    /// Oldest first, at most 1,000.
    pub items: Vec<Revocation>,
    /// The `since` of the next question. It lies two minutes back, so that nothing is missed that
    /// is being committed: some is told twice.
    #[serde(with = "time::serde::rfc3339")]
    pub next_since: OffsetDateTime,
    /// There is more: ask for it at once with this `cursor`. `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// The sessions that ended since a time, as far as access tokens of theirs may still live; without
/// one, all of those. `cursor` goes on where an answer that was full ended.
///
/// # Errors
/// `Validation`
pub async fn list(app: &App, since: Option<&str>, cursor: Option<&str>) -> Result<Revocations> {
    let now = app.clock.now();
    let mut errors = FieldErrors::default();
    let since = errors.take("since", since.map(parse).transpose());
    let cursor = errors.take("cursor", cursor.map(Cursor::parse).transpose());
    let (Some(since), Some(cursor)) = (since, cursor) else {
        return Err(errors.into_error());
    };
    let oldest = now - TOLD;
    let since = Cursor {
        created_at: since.unwrap_or(oldest).max(oldest),
        id: Uuid::nil(),
    };
    let client = app.db.get().await?;
    let ends = devices::ended_after(&client, cursor.unwrap_or(since), MOST as u64).await?;
    let last = ends.last().filter(|_| ends.len() == MOST);
    Ok(Revocations {
        next_cursor: last.map(Cursor::encode),
        next_since: now - OVERLAP,
        items: ends.iter().map(Revocation::of).collect(),
    })
}

impl Revocation {
    fn of(end: &Cursor) -> Self {
        Self {
            session_id: end.id,
            revoked_at: end.created_at,
        }
    }
}

fn parse(since: &str) -> Result<OffsetDateTime, Broken> {
    OffsetDateTime::parse(since, &Rfc3339).map_err(|_| {
        Broken::new(
            "invalid_format",
            "Send a time such as 2026-01-02T03:04:05Z, or leave it out",
        )
    })
}
