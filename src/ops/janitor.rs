//! Forgets what has run out. Every replica may do it at any time: it takes nothing that is in use.

use crate::{
    App, Result,
    domain::history::KEPT,
    storage::{
        email_changes, email_restorations, held_usernames, history, known_devices, password_resets,
        rate_limits, web_sessions,
    },
};
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_mins(10);

/// Cleans up until the service ends. What goes wrong is tried again the next time.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = clean(&app).await {
            tracing::warn!(%error, "could not forget what has run out");
        }
    }
}

async fn clean(app: &App) -> Result<()> {
    let db = app.db.get().await?;
    let now = app.clock.now();
    let web_sessions = web_sessions::delete_expired(&db, now).await?;
    let history = history::forget(&db, now - KEPT).await?;
    let limits = rate_limits::delete_full(&db, now).await?;
    let devices = known_devices::delete_expired(&db, now).await?;
    let resets = password_resets::delete_expired(&db, now).await?;
    let links = email_changes::delete_lapsed(&db, now).await?
        + email_restorations::delete_lapsed(&db, now).await?;
    let names = held_usernames::delete_lapsed(&db, now).await?;
    tracing::debug!(
        web_sessions,
        history,
        limits,
        devices,
        resets,
        links,
        names,
        "forgot what has run out"
    );
    Ok(())
}
