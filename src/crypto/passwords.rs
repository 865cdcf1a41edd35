//! Password hashing on threads of its own, each keeping its memory: bounded work, bounded memory.
//! A full queue answers 503 at once instead of eating memory.

pub use super::hashing::Verdict;

use super::hashing::{Worker, dummy_hash, is_argon2};
use crate::{
    config::PasswordHasher,
    domain::password::{Password, normalise},
    error::{Error, Result},
    trace::{self, SPANS},
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
use tracing::{Span, field::Empty, info_span};

/// How many hashes may wait. At about 20 ms each on two threads the last waits some 5 s.
const QUEUE: usize = 512;

/// How far hashing stands back (see nice(2)): while processors are short, whoever reads goes first and
/// keeps three quarters of its speed, and log-ins keep a quarter of theirs.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// The hashing threads. They end when the pool is dropped.
pub struct PasswordPool {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    dummy: String,
}

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

impl PasswordPool {
    /// Starts as many threads as there are cores.
    #[must_use]
    pub fn start(hasher: PasswordHasher) -> Self {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let waiting = Arc::new(AtomicUsize::new(0));
        let threads = thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            let (queue, waiting) = (Arc::clone(&queue), Arc::clone(&waiting));
            thread::spawn(move || run(Worker::new(hasher), &queue, &waiting));
        }
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
        result.await.map_err(Error::internal)
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

/// Does what is queued, one after the other, until the pool is dropped.
fn run(mut worker: Worker, queue: &Mutex<Receiver<Job>>, waiting: &AtomicUsize) {
    // Elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    rustix::process::nice(NICE).ok();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        job(&mut worker);
        waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream::FuturesUnordered};

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_stands_back_and_nothing_else_does() {
        let nice = || rustix::process::getpriority_process(None);
        let before = nice().unwrap_or_default();
        let pool = PasswordPool::start(PasswordHasher::Argon2id);
        let hashing = pool.submit(move |_| nice().ok()).await;
        assert_eq!(hashing.ok().flatten(), Some((before + NICE).min(19)));
        assert_eq!(nice(), Ok(before));
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
