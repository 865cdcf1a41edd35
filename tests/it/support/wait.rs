//! Waiting for what happens by itself: looking again and again, never for a fixed time.

use std::{future::Future, time::Duration};
use tokio::time::{Instant, sleep};

/// How long anything may take on a busy machine before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(15);

/// Has the service's timers believe that time has passed. Only what runs in this process, and
/// only timers: the time of day is the [`Clock`](users_service::clock::Clock)'s.
pub async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// Looks until there is something to see.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        sleep(PAUSE).await;
    }
}
