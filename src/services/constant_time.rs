//! Answers that take the same time whatever was found, so that a clock can't tell what the words
//! don't (OWASP Authentication Cheat Sheet, "Authentication and Error Messages").

use crate::Result;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long such an answer takes: several times what the work does, a commit included.
const TIME: Duration = Duration::from_millis(100);

/// Does the work at once, and answers [`TIME`] after its beginning. Waiting holds no connection
/// to the database and no thread.
///
/// # Errors
/// Those of the work.
pub async fn answer<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let at = Instant::now() + TIME;
    let outcome = work.await;
    sleep_until(at).await;
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[tokio::test(start_paused = true)]
    async fn quick_and_slow_work_are_answered_at_the_same_time() {
        for pause in [0, 1, 99] {
            let begin = Instant::now();
            let work = async {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                Ok(pause)
            };
            assert!(answer(work).await.is_ok_and(|done| done == pause));
            assert_eq!(begin.elapsed(), TIME);
        }
        let begin = Instant::now();
        let failed: Result<()> = answer(async { Err(Error::NotFound) }).await;
        assert!(failed.is_err());
        assert_eq!(begin.elapsed(), TIME);
    }
}
