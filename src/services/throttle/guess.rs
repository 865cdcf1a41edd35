//! Guesses at a password: wrong ones are limited, right ones widely, and from a known place the
//! owner gets in whatever strangers do.

use super::{Action, buckets, is_limited, known, refusal, take, wide_buckets};
use crate::{
    App, Error, Result,
    crypto::passwords::{Standing, Verdict},
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
    /// widely. What the service failed to judge counts for nothing: who meets a 503 does not lose tries.
    fn unspent<T>(&self, outcome: &Result<T>, taken: Taken) -> Vec<Bucket> {
        match outcome {
            Err(Error::Unavailable(_) | Error::Internal(_)) => {
                if self.was_wrong.load(Ordering::Relaxed) {
                    Vec::new()
                } else {
                    [taken.guesses, taken.wide].concat()
                }
            }
            // An account that never proved its address costs nothing to make.
            Err(Error::InvalidCredentials | Error::Validation(_) | Error::EmailNotVerified) => {
                Vec::new()
            }
            _ => taken.guesses,
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
    action: Action<'_>,
    work: impl AsyncFnOnce(&Attempt) -> Result<T>,
) -> Result<T> {
    if !is_limited(app) {
        return work(&Attempt::new(Standing::Unknown, None)).await;
    }
    let tries = tries(app, action).await?;
    app.throttle
        .turns
        .with(tries.turn(), async {
            let (taken, standing) = take_either(app, action, &tries).await?;
            let attempt = Attempt::new(standing, tries.device);
            let outcome = work(&attempt).await;
            let unspent = attempt.unspent(&outcome, taken);
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

/// What a try is taken from, all or none.
#[derive(Clone)]
struct Taken {
    guesses: Vec<Bucket>,
    wide: Vec<Bucket>,
}

/// Where a try may be taken: from its own bucket, and when that is empty or there is none, from those that
/// it shares with strangers. So to be known never means fewer tries.
struct Tries {
    own: Option<Taken>,
    shared: Taken,
    standing: Standing,
    device: Option<Key>,
}

impl Taken {
    fn all(&self) -> Vec<Bucket> {
        [&self.guesses[..], &self.wide].concat()
    }
}

impl Tries {
    /// With whom it waits for a turn: a crowd of strangers does not keep known ones waiting.
    fn turn(&self) -> &Key {
        let first = self.own.as_ref().unwrap_or(&self.shared).guesses.first();
        first.map_or(&[0; 32], |bucket| &bucket.key)
    }
}

/// Looks without taking: a flood of guesses is refused here, at once. The question is the same for
/// every address typed, so that its time says nothing.
///
/// A known browser has a bucket of its own that no stranger can empty; a known network likewise.
/// Neither needs room in what its address may try: others in a school could use that up.
async fn tries(app: &App, action: Action<'_>) -> Result<Tries> {
    let (account, address) = wide_buckets(app, action);
    let (device, places) = match action {
        Action::LogIn(email) => {
            let device = known::device(app, email);
            let places = device.into_iter().chain([known::network(app, email)]);
            (device, places.map(|key| known::bucket(app, key)).collect())
        }
        _ => (None, Vec::new()),
    };
    let shared = Taken {
        guesses: buckets(app, action),
        wide: [account.clone()].into_iter().chain(address).collect(),
    };
    let asked = [&places[..], &shared.all()].concat();
    let db = app.db.get().await?;
    let seen = rate_limits::look(&db, &asked, app.clock.now()).await?;
    drop(db);
    let of = |key: &Key| seen.iter().find(|seen| seen.key[..] == key[..]);
    let is_known = |key: &Key| of(key).is_some_and(|seen| seen.is_known);
    let own = places.into_iter().find(|place| is_known(&place.key));
    let own = own.map(|own| Taken {
        guesses: vec![own],
        wide: vec![account],
    });
    let wait = |taken: &Taken| {
        let waits = taken.all().into_iter();
        let waits = waits.filter_map(|bucket| of(&bucket.key)?.wait);
        waits.reduce(f64::max)
    };
    let wait = match (&own, wait(&shared)) {
        (Some(own), shared) => wait(own).zip(shared).map(|(own, shared)| own.min(shared)),
        (None, shared) => shared,
    };
    match wait {
        Some(wait) => Err(refusal(action, rate_limits::whole_seconds(wait))),
        None => Ok(Tries {
            own,
            shared,
            // Whoever confirms a password is logged in.
            standing: match action {
                Action::LogIn(_) => Standing::Unknown,
                _ => Standing::Known,
            },
            device: device.filter(is_known),
        }),
    }
}

/// Takes a try, and says from which buckets, and with whom it waits.
async fn take_either(app: &App, action: Action<'_>, tries: &Tries) -> Result<(Taken, Standing)> {
    let mut waits = None;
    if let Some(own) = &tries.own {
        waits = take(app, &own.all()).await?;
        if waits.is_none() {
            return Ok((own.clone(), Standing::Known));
        }
    }
    match take(app, &tries.shared.all()).await? {
        None => Ok((tries.shared.clone(), tries.standing)),
        Some(shared) => Err(refusal(action, waits.map_or(shared, |own| own.min(shared)))),
    }
}
