//! Makes the copies of accounts that people asked for, one at a time.

use crate::{App, services::exports, trace};
use std::time::Duration;

/// How often to look for copies whose request nobody rang for, and for those of a dead maker.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Makes copies until the service ends. One that is cut off is made anew when its claim has lapsed.
pub async fn run(app: App) {
    loop {
        if let Some(claimed) = trace::within(trace::new_id(), look(&app)).await {
            trace::background("make a copy of an account", make(&app, &claimed)).await;
            continue;
        }
        tokio::select! {
            () = app.export_owed.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(app: &App) -> Option<exports::Claimed> {
    exports::claim_next(app).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "can't look for copies to make");
        None
    })
}

async fn make(app: &App, claimed: &exports::Claimed) {
    if let Err(error) = exports::make(app, claimed).await {
        tracing::warn!(%error, "could not make a copy of an account");
    }
}
