//! Guesses at a password: wrong ones are limited, right ones hardly, and from a known place the
//! owner gets in whatever strangers do.

use super::{Action, buckets, is_limited, known, refusal, take};
use crate::{
    App, Error, Result,
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

/// Looks without taking: a flood of guesses is refused here, at once. The question is the same for
/// every address typed, so that its time says nothing.
///
/// A known browser has a bucket of its own that no stranger can empty; a known network likewise.
/// Neither needs room in what its address may guess: others in a school could use that up.
async fn tries(app: &App, action: Action<'_>) -> Result<Tries> {
    let shared = buckets(app, action);
    let places = match action {
        Action::LogIn(email) => known::buckets(app, email),
        _ => Vec::new(),
    };
    let asked = [&places[..], &shared].concat();
    let db = app.db.get().await?;
    let seen = rate_limits::look(&db, &asked, app.clock.now()).await?;
    let of = |bucket: &Bucket| seen.iter().find(|seen| seen.key[..] == bucket.key[..]);
    let wait = |bucket: &Bucket| of(bucket)?.wait;
    let is_known = |place: &Bucket| of(place).is_some_and(|seen| seen.is_known);
    let own = places.into_iter().find(is_known);
    let shared_wait = shared.iter().filter_map(wait).reduce(f64::max);
    let wait = match &own {
        Some(own) => wait(own)
            .zip(shared_wait)
            .map(|(own, shared)| own.min(shared)),
        None => shared_wait,
    };
    match wait {
        Some(wait) => Err(refusal(action, rate_limits::whole_seconds(wait))),
        None => Ok(Tries { own, shared }),
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
