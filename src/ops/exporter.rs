//! Makes the copies of accounts that people asked for, one at a time.

use crate::{App, services::exports};
use std::time::Duration;

/// How often to look for copies whose request nobody rang for, and for those of a dead maker.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Makes copies until the service ends. One that is cut off is made anew when its claim has lapsed.
pub async fn run(app: App) {
    loop {
        match exports::make_next(&app).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "could not make a copy of an account"),
        }
        tokio::select! {
            () = app.export_owed.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
