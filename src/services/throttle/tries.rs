//! Where a try at a password is taken from.

use super::{Guess, buckets::bucket, known, refusal, take};
use crate::{
    App, Result,
    crypto::passwords::Standing,
    domain::limit::Rule,
    storage::rate_limits::{self, Bucket, Key, Seen},
};

/// What a try is taken from, all or none: each bucket with its rule.
#[derive(Clone)]
pub(super) struct Taken(Vec<(Rule, Bucket)>);

impl Taken {
    /// What strangers share.
    fn shared(app: &App, guess: Guess<'_>) -> Self {
        let rules = guess.rules().iter().copied();
        let taken = rules.map(|rule| (rule, bucket(app, rule, &guess.whose(rule))));
        Self(taken.collect())
    }

    /// What is taken at a place that is known: its own bucket, and the wide one of the account.
    fn own(app: &App, guess: Guess<'_>, own: Bucket) -> Self {
        let wide = Rule::PasswordAccount;
        let account = bucket(app, wide, &guess.whose(wide));
        Self(vec![(Rule::LogInKnown, own), (wide, account)])
    }

    /// The buckets of these rules.
    pub(super) fn of(&self, is_meant: impl Fn(Rule) -> bool) -> Vec<Bucket> {
        let meant = self.0.iter().filter(|(rule, _)| is_meant(*rule));
        meant.map(|(_, bucket)| bucket.clone()).collect()
    }

    fn all(&self) -> Vec<Bucket> {
        self.of(|_| true)
    }

    /// How many seconds one of them is empty for, if it is.
    fn wait(&self, seen: &[Seen]) -> Option<f64> {
        let waits = self.0.iter();
        let waits = waits.filter_map(|(_, bucket)| of(seen, &bucket.key)?.wait);
        waits.reduce(f64::max)
    }
}

fn of<'s>(seen: &'s [Seen], key: &Key) -> Option<&'s Seen> {
    seen.iter().find(|seen| seen.key[..] == key[..])
}

/// Where a try may be taken: from its own bucket, and when that is empty or there is none, from those that
/// it shares with strangers. So to be known never means fewer tries.
pub(super) struct Tries {
    own: Option<Taken>,
    shared: Taken,
    /// The browser, if the account knows it.
    device: Option<Key>,
}

impl Tries {
    /// Looks without taking: a flood of guesses is refused here, at once. The question is the same for
    /// every address typed, so that its time says nothing.
    ///
    /// A known browser has a bucket of its own that no stranger can empty; a known network likewise.
    /// Neither needs room in what its address may try: others in a school could use that up.
    pub(super) async fn of(app: &App, guess: Guess<'_>) -> Result<Self> {
        let shared = Taken::shared(app, guess);
        let (device, network) = match guess {
            Guess::LogIn(email) => (known::device(app, email), Some(known::network(app, email))),
            Guess::ConfirmPassword(..) => (None, None),
        };
        let places = device.into_iter().chain(network);
        let places: Vec<_> = places.map(|key| known::bucket(app, key)).collect();
        let asked = [&places[..], &shared.all()].concat();
        let db = app.db.get().await?;
        let seen = rate_limits::look(&db, &asked, app.clock.now()).await?;
        drop(db);
        let is_known = |key: &Key| of(&seen, key).is_some_and(|seen| seen.is_known);
        let own = places.into_iter().find(|place| is_known(&place.key));
        let own = own.map(|own| Taken::own(app, guess, own));
        let wait = match (&own, shared.wait(&seen)) {
            (Some(own), Some(shared)) => own.wait(&seen).map(|own| own.min(shared)),
            (Some(_), None) => None,
            (None, shared) => shared,
        };
        match wait {
            Some(wait) => {
                let wait = rate_limits::whole_seconds(wait);
                Err(refusal(guess.rules()[0], wait))
            }
            None => Ok(Self {
                own,
                shared,
                device: device.filter(is_known),
            }),
        }
    }

    /// The browser, if the account knows it.
    pub(super) fn device(&self) -> Option<Key> {
        self.device
    }

    /// With whom it waits for a turn: a crowd of strangers does not keep known ones waiting.
    pub(super) fn turn(&self) -> &Key {
        let first = self.own.as_ref().unwrap_or(&self.shared).0.first();
        first.map_or(&[0; 32], |(_, bucket)| &bucket.key)
    }

    /// Takes a try, and says from which buckets, and with whom its hash waits.
    ///
    /// # Errors
    /// `RateLimited`
    pub(super) async fn take(&self, app: &App, guess: Guess<'_>) -> Result<(Taken, Standing)> {
        let mut waits = None;
        if let Some(own) = &self.own {
            waits = take(app, &own.all()).await?;
            if waits.is_none() {
                return Ok((own.clone(), Standing::Known));
            }
        }
        match take(app, &self.shared.all()).await? {
            None => {
                let standing = match guess {
                    Guess::LogIn(_) => Standing::Unknown,
                    // Whoever confirms a password is logged in.
                    Guess::ConfirmPassword(..) => Standing::Known,
                };
                Ok((self.shared.clone(), standing))
            }
            Some(shared) => {
                let wait = waits.map_or(shared, |own| own.min(shared));
                Err(refusal(guess.rules()[0], wait))
            }
        }
    }
}
