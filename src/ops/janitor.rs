//! Forgets what has run out. Every replica may do it at any time: it takes nothing that is in use.

use crate::{
    App, Result,
    storage::{password_resets, web_sessions},
};
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_mins(10);

/// Cleans up until the service ends. What goes wrong is tried again the next time.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = clean(&app).await {
            tracing::warn!(%error, "could not forget what ran out");
        }
    }
}

async fn clean(app: &App) -> Result<()> {
    let db = app.db.get().await?;
    let gone = web_sessions::delete_expired(&db, app.clock.now()).await?;
    tracing::debug!(gone, "forgot browser sessions that ran out");
    let gone = password_resets::delete_expired(&db, app.clock.now()).await?;
    tracing::debug!(gone, "forgot links to set a password that ran out");
    Ok(())
}
