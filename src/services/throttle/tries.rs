//! Where a try at a password is taken from.

use super::{Guess, buckets::bucket, known, refusal, take};
use crate::{
    App, Result,
    crypto::passwords::Standing,
    domain::{email, limit::Rule},
    storage::rate_limits::{self, Bucket, Key, Seen},
};

/// What a try is taken from, all or none.
#[derive(Clone)]
pub(super) struct Taken {
    /// Guesses at this account.
    pub(super) account: Vec<Bucket>,
    /// Guesses from this network, at whatever accounts.
    pub(super) network: Option<Bucket>,
    /// All tries at this account, right or wrong.
    pub(super) wide_account: Bucket,
    /// All tries from this network, likewise.
    pub(super) wide_network: Option<Bucket>,
}

impl Taken {
    /// What strangers share.
    pub(super) fn shared(app: &App, guess: Guess<'_>) -> Self {
        match guess {
            Guess::LogIn(email) => {
                let email = email::folded(email);
                let of = |rule| bucket(app, rule, &email);
                Self {
                    account: vec![of(Rule::LogInAccount), of(Rule::LogInPair)],
                    network: Some(of(Rule::LogInAddress)),
                    wide_account: of(Rule::PasswordAccount),
                    wide_network: Some(of(Rule::PasswordAddress)),
                }
            }
            Guess::ConfirmPassword(user_id, session_id) => {
                let of_account = |rule| bucket(app, rule, &user_id.to_string());
                let session = bucket(app, Rule::ConfirmSession, &session_id.to_string());
                Self {
                    account: vec![session, of_account(Rule::ConfirmAccount)],
                    network: None,
                    wide_account: of_account(Rule::PasswordAccount),
                    wide_network: None,
                }
            }
        }
    }

    pub(super) fn all(&self) -> Vec<Bucket> {
        let account = self.account.iter().chain([&self.wide_account]);
        let network = self.network.iter().chain(&self.wide_network);
        account.chain(network).cloned().collect()
    }

    /// How many seconds one of them is empty for, if it is.
    fn wait(&self, seen: &[Seen]) -> Option<f64> {
        let all = self.all().into_iter();
        let waits = all.filter_map(|bucket| of(seen, &bucket.key)?.wait);
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
        let own = own.map(|own| Taken {
            account: vec![own],
            network: None,
            wide_account: shared.wide_account.clone(),
            wide_network: None,
        });
        let wait = match (&own, shared.wait(&seen)) {
            (Some(own), Some(shared)) => own.wait(&seen).map(|own| own.min(shared)),
            (Some(_), None) => None,
            (None, shared) => shared,
        };
        match wait {
            Some(wait) => {
                let wait = rate_limits::whole_seconds(wait);
                Err(refusal(guess.rule(), wait))
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
        let first = self.own.as_ref().unwrap_or(&self.shared).account.first();
        first.map_or(&[0; 32], |bucket| &bucket.key)
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
                Err(refusal(guess.rule(), wait))
            }
        }
    }
}
