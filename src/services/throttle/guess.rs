//! Guesses at a password: wrong ones are limited, right ones widely, and from a known place the
//! owner gets in whatever strangers do.

use super::{
    Guess, is_limited, known,
    tries::{Taken, Tries},
};
use crate::{
    App, Error, Result, caller,
    crypto::passwords::{Standing, Verdict},
    domain::{
        limit::{KeyedBy, Rule},
        network,
    },
    services::{hashing, retry::on_contention},
    storage::rate_limits::{self, Bucket, Key},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// One try at a password, which was counted.
pub(in crate::services) struct Attempt {
    standing: Standing,
    /// The browser, if the account knows it.
    device: Option<Key>,
    was_wrong: AtomicBool,
}

impl Attempt {
    fn new(standing: Standing, device: Option<Key>) -> Self {
        Self {
            standing,
            device,
            was_wrong: AtomicBool::new(false),
        }
    }

    /// With whom hashes of this try wait.
    pub(in crate::services) fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether the account knows the browser by its secret.
    pub(in crate::services) fn is_device_known(&self) -> bool {
        self.device.is_some()
    }

    /// Where the owner of this address is, if the password was theirs, and until when that is known.
    pub(in crate::services) fn places(&self, app: &App, email: &str) -> Vec<known::Remembered> {
        known::places(app, email, self.device)
    }

    /// Holds a password as typed against a stored hash; see `PasswordPool::verify`.
    pub(in crate::services) async fn verify(
        &self,
        app: &App,
        typed: &str,
        stored: Option<&str>,
    ) -> Result<Verdict> {
        let verdict = hashing::verify(app, self.standing, typed, stored).await?;
        self.was_wrong
            .store(verdict == Verdict::Wrong, Ordering::Relaxed);
        Ok(verdict)
    }

    /// What is given back of what the try was taken from. A right password is no guess, but it counts
    /// widely. What the service failed to judge costs an account nothing: its owner, who meets a 503, loses
    /// no tries. It costs the network: whoever floods the queue must not go on for ever.
    fn unspent<T>(&self, outcome: &Result<T>, taken: &Taken) -> Vec<Bucket> {
        match outcome {
            Err(Error::Unavailable(_) | Error::Internal(_)) => {
                if self.was_wrong.load(Ordering::Relaxed) {
                    Vec::new()
                } else {
                    taken.of(|rule| rule.row().keyed_by != KeyedBy::Network)
                }
            }
            // An account that never proved its address costs nothing to make.
            Err(Error::InvalidCredentials | Error::Validation(_) | Error::EmailNotVerified) => {
                Vec::new()
            }
            _ => taken.of(|rule| !matches!(rule, Rule::PasswordAccount | Rule::PasswordAddress)),
        }
    }
}

/// Does `work`, which holds a password against an account's. What is limited are wrong ones: a try is
/// taken before the work and given back when the password was right, so that no number of parallel guesses
/// gets past the limit and who knows the password hardly meets one. Beside that every try, right or
/// wrong, is taken from wide limits, since each costs a hash. Tries at one account wait for their turn, a
/// few at a time; who would be refused anyhow gets none.
///
/// # Errors
/// `RateLimited`, and those of the work.
pub(in crate::services) async fn guess<T>(
    app: &App,
    guess: Guess<'_>,
    work: impl AsyncFnOnce(&Attempt) -> Result<T>,
) -> Result<T> {
    if !is_limited(app) {
        return work(&Attempt::new(Standing::Unknown, None)).await;
    }
    let network = caller::current().address.map(network::coarse);
    let network = network.unwrap_or_default();
    let network = app.keys.secrets().digest(&[b"looks", network.as_bytes()]);
    let looks = Tries::of(app, guess);
    let tries = app.throttle.looks.with(&network, looks).await?;
    app.throttle
        .turns
        .with(tries.turn(), async {
            let (taken, standing) = tries.take(app, guess).await?;
            let attempt = Attempt::new(standing, tries.device());
            let outcome = work(&attempt).await;
            let unspent = attempt.unspent(&outcome, &taken);
            if outcome.is_ok() {
                give_back(app, &unspent).await?;
            } else if !unspent.is_empty() {
                // Not part of the request, which may have waited for as long as it may.
                let app = app.clone();
                tokio::spawn(async move {
                    if let Err(error) = give_back(&app, &unspent).await {
                        tracing::warn!(%error, "could not give back a try that was not judged");
                    }
                });
            }
            outcome
        })
        .await
}

async fn give_back(app: &App, buckets: &[Bucket]) -> Result<()> {
    let db = app.db.get().await?;
    let now = app.clock.now();
    on_contention(|| rate_limits::give_back(&db, buckets, now)).await
}
