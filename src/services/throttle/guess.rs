//! Guesses at a password: wrong ones are limited, right ones hardly, and from a known place the
//! owner gets in whatever strangers do.

use super::{Action, buckets, is_limited, known, refusal, take};
use crate::{
    App, Error, Result,
    domain::limit::Rule,
    services::retry::on_contention,
    storage::rate_limits::{self, Bucket, Key},
};

/// Does `work`, which holds a password against an account's. What is limited are wrong ones: a
/// try is taken before the work and given back unless that ends in `InvalidCredentials`,
/// `Validation` or a failure, so that no number of parallel guesses gets past the limit and who knows the
/// password hardly meets one. Tries at one account wait for their turn, a few at a time;
/// who would be refused anyhow gets none.
///
/// # Errors
/// `RateLimited`, and those of the work.
pub async fn guess<T>(
    app: &App,
    action: Action<'_>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    if !is_limited(app) {
        return work.await;
    }
    let tries = tries(app, action).await?;
    refuse_if_empty(app, action, &tries).await?;
    app.throttle
        .turns
        .with(tries.turn(), async {
            let buckets = take_either(app, action, &tries).await?;
            let outcome = work.await;
            if is_no_guess(&outcome) {
                let db = app.db.get().await?;
                let now = app.clock.now();
                on_contention(|| rate_limits::give_back(&db, buckets, now)).await?;
            }
            outcome
        })
        .await
}

/// Whether a try is given back. After a failure of the service it is not: that would ask a
/// database once more that did not answer.
fn is_no_guess<T>(outcome: &Result<T>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => !matches!(
            error,
            Error::InvalidCredentials
                | Error::Validation(_)
                | Error::Unavailable(_)
                | Error::Internal(_)
        ),
    }
}

/// What a guess is taken from: its own bucket, and when that is empty or there is none, those that
/// it shares with strangers. So to be known never means fewer tries.
struct Tries {
    own: Option<Bucket>,
    shared: Vec<Bucket>,
}

impl Tries {
    fn own(&self) -> &[Bucket] {
        self.own.as_slice()
    }

    /// With whom it waits for a turn: a crowd of strangers does not keep known ones waiting.
    fn turn(&self) -> &Key {
        let first = self.own().first().or(self.shared.first());
        first.map_or(&[0; 32], |bucket| &bucket.key)
    }
}

/// Looks without taking: a flood of guesses is refused here, at once.
async fn refuse_if_empty(app: &App, action: Action<'_>, tries: &Tries) -> Result<()> {
    let asked = [tries.own(), &tries.shared].concat();
    let db = app.db.get().await?;
    let empty = rate_limits::empty(&db, &asked, app.clock.now()).await?;
    let wait = |buckets: &[Bucket]| {
        let of_these = |key: &Vec<u8>| buckets.iter().any(|bucket| bucket.key[..] == key[..]);
        let waits = empty.iter().filter(|(key, _)| of_these(key));
        waits.map(|(_, wait)| *wait).reduce(f64::max)
    };
    match (wait(tries.own()), wait(&tries.shared)) {
        (Some(own), Some(shared)) => {
            Err(refusal(action, rate_limits::whole_seconds(own.min(shared))))
        }
        (None, Some(shared)) if tries.own.is_none() => {
            Err(refusal(action, rate_limits::whole_seconds(shared)))
        }
        _ => Ok(()),
    }
}

/// Takes a try, and says from which buckets.
async fn take_either<'t>(app: &App, action: Action<'_>, tries: &'t Tries) -> Result<&'t [Bucket]> {
    let mut waits = None;
    if tries.own.is_some() {
        waits = take(app, tries.own()).await?;
        if waits.is_none() {
            return Ok(tries.own());
        }
    }
    match take(app, &tries.shared).await? {
        None => Ok(&tries.shared),
        Some(shared) => Err(refusal(action, waits.map_or(shared, |own| own.min(shared)))),
    }
}

/// A known browser has a bucket of its own that no stranger can empty; a known network likewise.
/// Neither needs room in what its address may guess: others in a school could use that up.
async fn tries(app: &App, action: Action<'_>) -> Result<Tries> {
    let shared = buckets(app, action);
    let Action::LogIn(email) = action else {
        return Ok(Tries { own: None, shared });
    };
    let own = known::place(app, email).await?;
    let limit = app.config.limits.of(Rule::LogInKnown);
    let own = own.map(|key| Bucket { key, limit });
    Ok(Tries { own, shared })
}
