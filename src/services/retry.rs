//! Doing a transaction again that the database gave up for another one.

use crate::Result;
use std::time::Duration;

/// How often it is tried in all.
const ATTEMPTS: u32 = 5;
/// The longest pause before the second attempt; it doubles each time.
const PAUSE: Duration = Duration::from_millis(20);

/// Does `work`, and again when it met a deadlock or a serialisation failure (40P01, 40001). The
/// pauses are random, so that two that met don't meet again.
pub(super) async fn on_contention<T, F>(work: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for attempt in 1..ATTEMPTS {
        match work().await {
            Err(error) if error.is_contention() => {
                tokio::time::sleep(jitter(PAUSE * 2_u32.pow(attempt - 1))).await;
            }
            outcome => return outcome,
        }
    }
    work().await
}

/// A random part of a pause.
fn jitter(pause: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_bytes()[0];
    pause * u32::from(random) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use std::cell::Cell;

    #[tokio::test]
    async fn other_errors_are_not_tried_again() {
        let tries = Cell::new(0);
        let outcome: Result<()> = on_contention(|| async {
            tries.set(tries.get() + 1);
            Err(Error::unavailable("gone"))
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(tries.get(), 1);
    }
}
