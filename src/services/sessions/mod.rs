//! Logging in, renewing, logging out.

mod log_in;
mod log_out;
mod own_token;
mod renewal;
mod spent;

pub use log_in::{Credentials, log_in};
pub(super) use log_out::log_out_session;
pub use log_out::{end, log_out};
pub use own_token::{is_used_here, own_token};
pub use renewal::refresh;

pub use crate::storage::sessions::{GRACE, MOST_OPEN};

use crate::{
    App, Error, Result,
    crypto::RefreshClaims,
    database::GenericClient,
    domain::Token,
    storage::sessions::{self, Holder, NewToken},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long a refresh token lives from its issue.
pub const REFRESH_TOKEN_LIFETIME: Duration = Duration::days(30);

/// How long a session lasts from its log-in, however often it is renewed (OWASP Session Management
/// Cheat Sheet, absolute timeout). Whoever copied its tokens unnoticed has them no longer.
pub const SESSION_LIFETIME: Duration = Duration::days(180);

/// An open session: what a client gets to carry.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Whose session.
    pub user_id: Uuid,
    /// Which log-in: the family of the refresh token.
    pub session_id: Uuid,
    /// Signed, for 15 minutes.
    pub access_token: String,
    /// Opaque, for 30 days, good for one rotation.
    pub refresh_token: Token,
    /// Whether the account was to be deleted, and is kept since its owner logged in.
    pub kept: bool,
    /// Whether the account knew the browser by its secret before this.
    pub is_device_known: bool,
}

/// Insists that a session has not ended.
///
/// # Errors
/// `Unauthenticated` when it has: its access tokens may live for some minutes still.
pub async fn require_open(app: &App, session_id: Uuid) -> Result<()> {
    let opened_after = app.clock.now() - SESSION_LIFETIME;
    let holder = sessions::live(&app.db.get().await?, session_id, opened_after).await?;
    holder.map(drop).ok_or(Error::Unauthenticated)
}

/// Keeps a session open until the transaction ends: what was checked against it, whether it is open
/// and its password was entered lately, still holds for what is written. Whatever locks the account's row
/// too does that first, as those do that end several sessions.
///
/// # Errors
/// `Unauthenticated` when it has ended.
pub(super) async fn hold(db: &impl GenericClient, session_id: Uuid) -> Result<()> {
    let is_open = sessions::hold(db, session_id).await?;
    is_open.then_some(()).ok_or(Error::Unauthenticated)
}

/// A new token, and how it is stored.
fn issue(app: &App, claims: RefreshClaims, now: OffsetDateTime) -> Result<(Token, NewToken)> {
    let token = app.keys.secrets().refresh_tokens().issue(claims)?;
    let stored = NewToken {
        hash: token.hash(),
        generation: claims.generation,
        expires_at: now + REFRESH_TOKEN_LIFETIME,
    };
    Ok((token, stored))
}

fn logged_in(
    app: &App,
    holder: Holder,
    refresh_token: Token,
    now: OffsetDateTime,
) -> Result<LoggedIn> {
    Ok(LoggedIn {
        access_token: app.keys.issue(
            holder.user_id,
            holder.session_id,
            &holder.email,
            &holder.roles,
            now,
        )?,
        user_id: holder.user_id,
        session_id: holder.session_id,
        refresh_token,
        kept: false,
        is_device_known: false,
    })
}
