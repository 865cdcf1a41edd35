//! Taking turns: only a few tries at one account, or questions from one network, are under way at once,
//! the others wait.
//!
//! A try is taken before the password is known to be right. Without turns a hundred right ones at
//! once would look like a hundred guesses.

use crate::{Error, Result, database::time_budget, storage::rate_limits::Key};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// How many at once on one replica: well below any limit that they are counted against. With N replicas
/// there are N times as many, so from three on right ones at once may empty the bucket of a known
/// place (18), and are then taken from the one of strangers (54), which nine replicas empty. Who meets
/// that is told to come back, and the tries of right ones are given back within the second.
const AT_ONCE: usize = 6;
/// How many may wait or be under way; a full queue answers at once.
const QUEUE: usize = 512;
/// How long somebody waits: the service is slow then. Part of what a request may wait in all.
const WAIT: Duration = Duration::from_secs(7);
/// When to come back to a full queue.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Who shares a place only waits for each other. A power of two.
const PLACES: usize = 1_024;

pub(super) struct AccountQueue(Box<[Place]>);

struct Place {
    queue: Semaphore,
    free: Semaphore,
    /// Rung when the service fails somebody, so that those behind don't wait to fail likewise.
    trouble: Notify,
}

impl Default for AccountQueue {
    fn default() -> Self {
        let place = |_| Place {
            queue: Semaphore::new(QUEUE),
            free: Semaphore::new(AT_ONCE),
            trouble: Notify::new(),
        };
        Self((0..PLACES).map(place).collect())
    }
}

impl AccountQueue {
    /// Does `work` when it is its turn among those with the same key.
    ///
    /// # Errors
    /// `RateLimited` when the queue is full; `Unavailable` when those ahead failed so or were slow.
    pub(super) async fn with<T>(
        &self,
        key: &Key,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let [a, b, ..] = *key;
        let place = &self.0[usize::from(u16::from_be_bytes([a, b])) % PLACES];
        let _waiting = place.queue.try_acquire().map_err(|_| crowd())?;
        let _turn = tokio::select! {
            biased;
            turn = time_budget::wait(WAIT, place.free.acquire()) => turn?.map_err(Error::internal)?,
            () = place.trouble.notified() => return Err(Error::unavailable("those ahead failed")),
        };
        let outcome = work.await;
        if matches!(outcome, Err(Error::Unavailable(_))) {
            place.trouble.notify_waiters();
        }
        outcome
    }
}

fn crowd() -> Error {
    Error::RateLimited {
        retry_after: RETRY_AFTER,
    }
}
