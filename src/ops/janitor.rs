//! Forgets what has run out. Every replica may do it at any time: it takes nothing that is in use.

use crate::{
    App,
    services::{avatars, retention},
};
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_mins(10);
/// In which of its rounds the store of pictures is swept: every sixth, since that lists it all.
const SWEEP_IN: usize = 6;

/// Cleans up until the service ends.
pub async fn run(app: App) {
    for round in 1_usize.. {
        tokio::time::sleep(EVERY).await;
        retention::sweep(&app).await;
        if round.is_multiple_of(SWEEP_IN) {
            avatars::sweep(&app).await;
        }
    }
}
