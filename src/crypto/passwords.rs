//! Password hashing on threads of its own, each keeping its memory: bounded work, bounded memory.
//! A full queue answers 503 at once instead of eating memory.

pub use super::hashing::Verdict;

use super::{
    hashing::{Worker, dummy_hash, is_argon2},
    hashing_threads::{self, Job},
};
use crate::{
    config::PasswordHasher,
    domain::password::{Password, normalise},
    error::{Error, Result},
    trace::{self, SPANS},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, time::timeout};
use tracing::{Span, field::Empty, info_span};

/// How many hashes may wait. At about 20 ms each on two threads the last waits some 5 s.
const QUEUE: usize = 512;

/// How long anybody waits for a hash: a full queue takes longer while processors are short. With the wait
/// for a turn to guess it stays below the 20 s that a proxy waits for an answer.
const WAIT: Duration = Duration::from_secs(8);

/// The hashing threads. They end when the pool is dropped.
pub struct PasswordPool {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    dummy: String,
}

impl PasswordPool {
    /// Starts as many threads as there are cores.
    #[must_use]
    pub fn start(hasher: PasswordHasher) -> Self {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let waiting = Arc::default();
        hashing_threads::start(hasher, queue, &waiting);
        Self {
            jobs,
            waiting,
            dummy: dummy_hash(hasher),
        }
    }

    /// A hash of this password, to be stored.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let password = password.expose().to_owned();
        self.submit(move |worker| worker.hash(&password)).await?
    }

    /// Holds a password as typed against a stored hash. Without one (no such account) it is held
    /// against a fixed hash of the same kind, so that both cases take the same time.
    pub async fn verify(&self, typed: &str, stored: Option<&str>) -> Result<Verdict> {
        let password = normalise(typed);
        let exists = stored.is_some();
        let dummy = self.dummy.clone();
        let stored = stored.map_or_else(|| dummy.clone(), str::to_owned);
        let verdict = self
            .submit(move |worker| {
                let verdict = worker.verify(&password, &stored);
                // A hash of the other kind must not answer sooner than no account at all.
                if verdict == Verdict::Wrong && is_argon2(&stored) != is_argon2(&dummy) {
                    worker.verify(&password, &dummy);
                }
                verdict
            })
            .await?;
        Ok(if exists { verdict } else { Verdict::Wrong })
    }

    /// A new hash of a password that was verified, when its stored hash is outdated.
    pub async fn rehash(&self, typed: &str) -> Result<String> {
        let password = normalise(typed);
        self.submit(move |worker| worker.hash(&password)).await?
    }

    /// How many hashes wait or are made right now.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        let (trace_id, span) = (trace::current(), span());
        let queued = Instant::now();
        let job: Job = Box::new(move |worker| {
            span.record("users_service.waited_ms", in_ms(queued.elapsed()));
            // Nobody waits any more: don't hash for nobody.
            if !answer.is_closed() {
                let begun = Instant::now();
                let outcome = trace::within_sync(trace_id, || work(worker));
                span.record("users_service.hashed_ms", in_ms(begun.elapsed()));
                // Over before who waits goes on.
                drop(span);
                let _ = answer.send(outcome);
            }
        });
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.jobs.try_send(job).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::unavailable("the password hashing queue is full"));
        }
        match timeout(WAIT, result).await {
            Ok(outcome) => outcome.map_err(Error::internal),
            Err(_) => Err(Error::unavailable("no turn to hash a password in time")),
        }
    }
}

/// The span of a hash, from the queue on.
fn span() -> Span {
    info_span!(
        target: SPANS,
        "hash a password",
        users_service.waited_ms = Empty,
        users_service.hashed_ms = Empty,
    )
}

fn in_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
    use std::{
        sync::{Mutex, mpsc::channel},
        thread,
    };

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_turn_in_time_is_told_so() {
        let pool = PasswordPool::start(PasswordHasher::Argon2id);
        let (end, ended) = channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        let threads = thread::available_parallelism().map_or(2, usize::from);
        let busy: Vec<_> = (0..threads)
            .map(|_| {
                let ended = Arc::clone(&ended);
                pool.submit(move |_| drop(ended.lock().map(|ended| ended.recv())))
            })
            .collect();
        let (_, late) = tokio::join!(join_all(busy), pool.verify("password!", None));
        assert!(matches!(late, Err(Error::Unavailable(_))));
        drop(end);
    }

    #[tokio::test]
    async fn a_full_queue_answers_at_once_instead_of_growing() {
        let pool = PasswordPool::start(PasswordHasher::Argon2id);
        let asked = (0..QUEUE + 100).map(|_| pool.verify("password!", None));
        let asked: FuturesUnordered<_> = asked.collect();
        // Whoever is refused need not wait for those who are not.
        let first: Vec<_> = asked.take(50).collect().await;
        let refused = first
            .iter()
            .filter(|answer| matches!(answer, Err(Error::Unavailable(_))))
            .count();
        assert!(refused > 25, "{refused}");
        assert!(pool.in_flight() <= QUEUE + 100 - refused);
    }
}
