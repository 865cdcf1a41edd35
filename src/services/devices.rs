//! The devices that somebody is logged in on: seeing them, and ending their sessions.

use super::{
    sessions::{SESSION_LIFETIME, hold, log_out_session},
    view::View,
};
use crate::{
    App, Error, Result,
    database::{self, Transaction},
    domain::device,
    storage::{
        audit, avatars, devices, email_changes,
        sessions::{self, EndReason},
    },
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

pub use crate::storage::devices::OpenSession;

/// A session that has not ended, in words that its owner recognises.
#[derive(Debug, Serialize, ToSchema)]
pub struct Device {
    /// The session's id.
    pub id: Uuid,
    /// The browser and its system.
    #[schema(example = "Firefox on Windows")]
    pub device: String,
    /// Roughly where it was last used from: the first 24 bits of an IPv4 address, 48 of an IPv6 address.
    #[schema(required, example = "203.0.113.0/24")]
    pub network: Option<String>,
    /// When the log-in was, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When the session was last renewed: a session in use is, every 15 minutes.
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen_at: OffsetDateTime,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The sessions of who is looking that have neither ended nor run out, last used first.
pub async fn open(view: View) -> Result<Vec<OpenSession>> {
    devices::open(&*view.db, view.who, view.now - SESSION_LIFETIME, view.now).await
}

/// The devices that these sessions are of, `current` first.
#[must_use]
pub fn in_words(sessions: Vec<OpenSession>, current: Uuid) -> Vec<Device> {
    let mut devices: Vec<Device> = sessions
        .into_iter()
        .map(|session| Device {
            id: session.id,
            device: device::in_words(session.user_agent.as_deref()),
            network: session.network,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            current: session.id == current,
        })
        .collect();
    devices.sort_by_key(|device| !device.current);
    devices
}

/// Ends a session of one's own, at once: no page and no refresh token of it works any more. Ending
/// the `current` one is logging out; doing it twice is no error.
///
/// # Errors
/// `SessionNotFound`; `Unauthenticated` when the `current` one has ended.
pub async fn end(app: &App, user_id: Uuid, current: Uuid, session_id: Uuid) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    hold_current(&tx, user_id, current).await?;
    let locked = devices::lock_own(&tx, user_id, session_id).await?;
    let locked = locked.ok_or(Error::SessionNotFound)?;
    let now = app.clock.now();
    if session_id == current {
        log_out_session(&tx, session_id, now).await?;
    } else if !locked.ended {
        sessions::end(&tx, session_id, EndReason::EndedByOwner, now).await?;
        let device = device::in_words(locked.user_agent.as_deref());
        let event = audit::Event::SessionEnded;
        audit::append(&tx, user_id, Some(session_id), event, Some(&device), now).await?;
    }
    database::commit(tx).await
}

/// Ends all sessions of one's own but the `current` one.
///
/// # Errors
/// `Unauthenticated` when that has ended.
pub async fn end_others(app: &App, user_id: Uuid, current: Uuid) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    hold_current(&tx, user_id, current).await?;
    let now = app.clock.now();
    let reason = EndReason::EndedByOwner;
    let ended = sessions::end_all(&tx, user_id, Some(current), reason, now).await?;
    email_changes::cancel_of_others(&tx, user_id, current).await?;
    if !ended.is_empty() {
        let detail = match ended.len() {
            1 => "1 other session".to_owned(),
            several => format!("{several} other sessions"),
        };
        let event = audit::Event::SessionEnded;
        audit::append(&tx, user_id, Some(current), event, Some(&detail), now).await?;
    }
    database::commit(tx).await
}

/// Keeps the session that asks from ending meanwhile. The account's row comes first: two sessions that end
/// each other take turns, and the first one wins.
async fn hold_current(tx: &Transaction<'_>, user_id: Uuid, current: Uuid) -> Result<()> {
    if !avatars::lock_owner(tx, user_id).await? {
        return Err(Error::Unauthenticated);
    }
    hold(tx, current).await
}
