//! Password hashing on threads of its own, each keeping its memory: bounded work, bounded memory.
//! A full queue answers 503 at once instead of eating memory. How long somebody waits is bounded by
//! who asks: see `services::hashing`.

pub use super::{hashing::Verdict, hashing_queue::Standing};

use super::{
    hashing::{Worker, dummy_hash, is_argon2},
    hashing_threads::{self, Job, Jobs},
};
use crate::{
    caller,
    config::PasswordHasher,
    domain::{
        network,
        password::{Password, normalise},
    },
    error::{Error, Result},
    trace::{self, SPANS},
};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
use tracing::{Span, field::Empty, info_span};

/// The hashing threads. They end when the pool is dropped.
pub struct PasswordPool {
    jobs: Arc<Jobs>,
    dummy: String,
}

impl Drop for PasswordPool {
    fn drop(&mut self) {
        self.jobs.close();
    }
}

impl PasswordPool {
    /// Starts as many threads as there are cores.
    #[must_use]
    pub fn start(hasher: PasswordHasher) -> Self {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        Self::with_threads(hasher, cores)
    }

    fn with_threads(hasher: PasswordHasher, threads: usize) -> Self {
        let jobs = Arc::default();
        hashing_threads::start(hasher, &jobs, threads);
        Self {
            jobs,
            dummy: dummy_hash(hasher),
        }
    }

    /// A hash of this password, to be stored.
    pub async fn hash(&self, standing: Standing, password: &Password) -> Result<String> {
        let password = password.expose().to_owned();
        self.submit(standing, move |worker| worker.hash(&password))
            .await?
    }

    /// Holds a password as typed against a stored hash. Without one (no such account) it is held
    /// against a fixed hash of the same kind, so that both cases take the same time.
    pub async fn verify(
        &self,
        standing: Standing,
        typed: &str,
        stored: Option<&str>,
    ) -> Result<Verdict> {
        let password = normalise(typed);
        let exists = stored.is_some();
        let dummy = self.dummy.clone();
        let stored = stored.map_or_else(|| dummy.clone(), str::to_owned);
        let verdict = self
            .submit(standing, move |worker| {
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
    pub async fn rehash(&self, standing: Standing, typed: &str) -> Result<String> {
        let password = normalise(typed);
        self.submit(standing, move |worker| worker.hash(&password))
            .await?
    }

    /// How many hashes wait or are made right now.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.jobs.count()
    }

    /// Has the work wait in the line of the network that asks: a wide one, since whoever rents a /56
    /// has 256 networks of /64.
    async fn submit<T: Send + 'static>(
        &self,
        standing: Standing,
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
        let network = caller::current().address.map(network::coarse);
        self.jobs
            .push(standing, network.unwrap_or_default(), job)
            .map_err(Error::unavailable)?;
        result
            .await
            .map_err(|_| Error::unavailable("the place in the password hashing queue was given up"))
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
    use crate::{
        caller::{Caller, scope},
        crypto::hashing_queue::PER_NETWORK,
    };
    use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    fn from(address: &str) -> Caller {
        Caller {
            address: address.parse().ok(),
            ..Caller::default()
        }
    }

    #[tokio::test]
    async fn a_full_line_answers_at_once_instead_of_growing() {
        let pool = PasswordPool::start(PasswordHasher::Argon2id);
        let asked = 0..PER_NETWORK + 100;
        let asked = asked.map(|_| pool.verify(Standing::Unknown, "password!", None));
        let asked: FuturesUnordered<_> = asked.collect();
        // Whoever is refused need not wait for those who are not.
        let first: Vec<_> = asked.take(50).collect().await;
        let refused = first
            .iter()
            .filter(|answer| matches!(answer, Err(Error::Unavailable(_))))
            .count();
        assert!(refused > 25, "{refused}");
        assert!(pool.in_flight() <= PER_NETWORK + 100 - refused);
    }

    /// The order in which one thread comes to the work of several callers, all of whom wait before the
    /// first one is served.
    #[tokio::test]
    async fn all_of_the_256_networks_of_one_customer_wait_in_one_line() {
        let pool = PasswordPool::with_threads(PasswordHasher::Argon2id, 1);
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock();
        let served = Arc::new(AtomicUsize::new(0));
        let wait = |address: String| {
            let (gate, served) = (Arc::clone(&gate), Arc::clone(&served));
            let work = move |_: &mut Worker| {
                drop(gate.lock());
                served.fetch_add(1, Ordering::SeqCst)
            };
            scope(from(&address), pool.submit(Standing::Unknown, work))
        };
        let flood = (0..200).map(|n| wait(format!("2001:db8:1:{n:x}::1")));
        let flood = join_all(flood);
        let owner = wait("2001:db8:2::1".to_owned());
        let open = async move { drop(closed) };
        let (_, served, ()) = tokio::join!(flood, owner, open);
        // The thread had begun with the first of the flood; then there was one turn before the owner's at most.
        assert!(served.is_ok_and(|before| before <= 2));
    }
}
