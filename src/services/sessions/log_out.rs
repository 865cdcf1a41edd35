//! Logging out.

use crate::{
    App, Result,
    database::{self, GenericClient},
    domain::Token,
    storage::{
        audit,
        sessions::{self, EndReason},
    },
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Ends the session of a token, whichever of its family it is, and whether or not its row is still here.
/// Without one nothing happens.
pub async fn log_out(app: &App, presented: Option<&Token>) -> Result<()> {
    let Some(presented) = presented else {
        return Ok(());
    };
    if let Some(claims) = app.keys.secrets().refresh_tokens().claims(presented) {
        return end(app, claims.session_id).await;
    }
    // One of an earlier release.
    let stored = sessions::token(&app.db.get().await?, &presented.hash()).await?;
    match stored {
        Some(stored) => end(app, stored.session_id).await,
        None => Ok(()),
    }
}

/// Ends a session that is known by its id, as tokens and a browser's session know it.
pub async fn end(app: &App, session_id: Uuid) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    log_out_session(&tx, session_id, app.clock.now()).await?;
    database::commit(tx).await
}

/// Ends a session for who is in it, and notes it. Without effect once it ended.
pub(in crate::services) async fn log_out_session(
    db: &impl GenericClient,
    session_id: Uuid,
    now: OffsetDateTime,
) -> Result<()> {
    if let Some(holder) = sessions::lock_live(db, session_id).await? {
        sessions::end(db, session_id, EndReason::Logout, now).await?;
        let event = audit::Event::LoggedOut;
        audit::append(db, holder.user_id, Some(session_id), event, None, now).await?;
    }
    Ok(())
}
