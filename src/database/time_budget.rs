//! How long a request waits in all: for the database, for its turn to guess at a password, and for a
//! hash. Each wait has a bound of its own, and a request has many.

use crate::{Error, Result};
use futures_util::{
    FutureExt,
    future::{Either, ready},
};
use std::{cell::Cell, time::Duration};
use tokio::time::{Instant, timeout};

/// Who has waited this long begins nothing more.
const BEGINS: Duration = Duration::from_secs(7);
/// For what has begun a request waits until it has waited this long: below the 10 s in which every
/// request ends. So a commit, once sent, has two seconds at least to be heard of.
const WAITS: Duration = Duration::from_secs(9);

tokio::task_local! {
    static WAITED: Cell<Waited>;
}

/// How long a request has waited, and up to which moment that is counted.
#[derive(Debug, Clone, Copy, Default)]
struct Waited {
    time: Duration,
    until: Option<Instant>,
}

impl Waited {
    /// Counts a wait that ends now. What was waited side by side with others is counted once.
    fn add(self, began: Instant) -> Self {
        let now = Instant::now();
        let from = self.until.map_or(began, |until| until.max(began));
        Self {
            time: self.time + now.saturating_duration_since(from),
            until: Some(now),
        }
    }
}

/// Why a request has no outcome.
#[derive(Debug, thiserror::Error)]
enum OutOfTime {
    #[error("the request has waited for too long to begin more")]
    NotBegun,
    #[error("the request has waited for too long, and left what it waited for at its work")]
    LeftBehind,
}

/// Runs the work of a request. Mails, the janitor, exports and answers that stream are not part of
/// one: only each of their waits is bounded.
pub async fn of_request<T>(work: impl Future<Output = T>) -> T {
    WAITED.scope(Cell::default(), work).await
}

/// What `work` comes to within this time, and within what the request has left. Not an `async fn`,
/// which would hold `work` twice: it is part of every request's future.
///
/// # Errors
/// `Unavailable`: then it was not begun, or nobody knows what became of it.
pub fn wait<T>(most: Duration, work: impl Future<Output = T>) -> impl Future<Output = Result<T>> {
    let waited = WAITED.try_with(Cell::get).unwrap_or_default().time;
    if waited >= BEGINS {
        return Either::Left(ready(Err(Error::unavailable(OutOfTime::NotBegun))));
    }
    // Outside of requests nothing adds up, and no wait has as long as a request.
    let left = WAITS.saturating_sub(waited);
    let began = Instant::now();
    Either::Right(timeout(most.min(left), work).map(move |outcome| {
        WAITED
            .try_with(|waited| waited.set(waited.get().add(began)))
            .ok();
        outcome.map_err(|elapsed| {
            if left < most {
                Error::unavailable(OutOfTime::LeftBehind)
            } else {
                Error::unavailable(elapsed)
            }
        })
    }))
}

/// Whether this is the outcome of something that was never begun.
pub(super) fn not_begun(error: &Error) -> bool {
    let Error::Unavailable(cause) = error else {
        return false;
    };
    matches!(cause.downcast_ref(), Some(OutOfTime::NotBegun))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const STATEMENT: Duration = Duration::from_secs(6);

    /// Statements that take so many seconds, one after another: how many had an outcome, and how
    /// long all took.
    async fn statements(seconds: &[f32]) -> (usize, Duration) {
        let began = Instant::now();
        let mut done = 0;
        for seconds in seconds {
            let work = sleep(Duration::from_secs_f32(*seconds));
            done += usize::from(wait(STATEMENT, work).await.is_ok());
        }
        (done, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_for_9_s_in_all_and_begins_nothing_after_7() {
        let (done, took) = of_request(statements(&[1.0; 20])).await;
        assert_eq!((done, took.as_secs()), (7, 7));
        // What was begun in time, a commit above all, may end.
        let (done, took) = of_request(statements(&[5.0, 1.5, 2.0, 1.0])).await;
        assert_eq!((done, took.as_millis() / 100), (3, 85));
        let (done, took) = of_request(statements(&[5.0, 5.0, 1.0])).await;
        assert_eq!((done, took.as_millis() / 100), (1, 90));
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_a_request_spends_elsewhere_does_not_count() {
        of_request(async {
            assert_eq!(statements(&[5.0]).await.0, 1);
            sleep(Duration::from_mins(1)).await;
            assert_eq!(statements(&[3.5]).await.0, 1);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn waits_side_by_side_count_once() {
        of_request(async {
            let side_by_side = tokio::join!(
                statements(&[2.0]),
                statements(&[2.5]),
                wait(STATEMENT, statements(&[1.0])),
            );
            assert_eq!((side_by_side.0.0, side_by_side.1.0), (1, 1));
            assert_eq!(statements(&[1.0; 20]).await.0, 5);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn outside_of_requests_each_wait_has_its_own_time() {
        assert_eq!(statements(&[5.0; 20]).await.0, 20);
        assert_eq!(statements(&[7.0]).await.0, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_had_all_of_its_time_shows_that_the_connection_is_lost() {
        of_request(async {
            let lost = wait(STATEMENT, sleep(STATEMENT * 2)).await.err();
            assert!(lost.is_some_and(|error| error.is_lost_connection()));
            let left = wait(STATEMENT, sleep(STATEMENT * 2)).await.err();
            assert!(left.is_some_and(|error| !error.is_lost_connection() && !not_begun(&error)));
        })
        .await;
    }
}
