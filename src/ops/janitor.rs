//! Forgets what has run out. Every replica may do it at any time: it takes nothing that is in use.

use crate::{App, services::retention, trace};
use std::time::Duration;
use tracing::Instrument;

/// How often.
const EVERY: Duration = Duration::from_mins(10);

/// Cleans up until the service ends.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(EVERY).await;
        let lines = trace::lines(&trace::new_id());
        retention::sweep(&app).instrument(lines).await;
    }
}
