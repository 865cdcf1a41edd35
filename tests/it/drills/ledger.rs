//! What was asked and answered, and what must be true because of it.

use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Register,
    /// Registers with an address that is taken, which must be refused.
    RegisterTaken,
    Verify,
    LogIn,
    Refresh,
    Profile,
    Avatar,
    Follow,
    Unfollow,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: it must be there, once.
    Done,
    /// 4xx: it must not be there.
    Refused,
    /// 503 with `Retry-After`: not done as far as the service knows. A commit whose answer got
    /// lost on the way from the database ends like this too, so it may be there.
    Unavailable,
    /// No answer, or half of one: it may be there.
    Unanswered,
    /// Nobody took the request: it is not there.
    Unreached,
    /// 500, or 503 without `Retry-After`: always a defect.
    Broken,
}

impl Outcome {
    /// Whether nobody can tell if it happened.
    pub fn is_unknown(self) -> bool {
        matches!(self, Self::Unavailable | Self::Unanswered | Self::Broken)
    }

    /// Whether it was tried in vain.
    pub fn is_failure(self) -> bool {
        self.is_unknown() || self == Self::Unreached
    }
}

/// Which kinds count.
pub type Heeded = fn(Kind) -> bool;

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub kind: Kind,
    sent: Instant,
    /// When it ended and how; none while it is under way.
    end: Option<(Instant, Outcome)>,
}

impl Entry {
    /// Whether it ended like this.
    pub fn is(&self, outcome: Outcome) -> bool {
        self.end.is_some_and(|(_, ended)| ended == outcome)
    }

    /// Whether it failed, or may still.
    fn may_have_failed(&self) -> bool {
        self.end.is_none_or(|(_, outcome)| outcome.is_failure())
    }
}

/// Everything that was asked.
#[derive(Default)]
pub struct Ledger {
    entries: Mutex<Vec<Entry>>,
    surprises: Mutex<Vec<String>>,
}

impl Ledger {
    /// Writes down what is asked now; gives the number of the entry.
    pub fn ask(&self, kind: Kind) -> usize {
        let mut entries = self.entries.lock().unwrap();
        entries.push(Entry {
            kind,
            sent: Instant::now(),
            end: None,
        });
        entries.len() - 1
    }

    /// Writes down what came of it.
    pub fn note(&self, number: usize, outcome: Outcome) {
        self.entries.lock().unwrap()[number].end = Some((Instant::now(), outcome));
    }

    /// Writes an answer down that nobody should have got.
    pub fn note_surprise(&self, what: String) {
        self.surprises.lock().unwrap().push(what);
    }

    /// Answers that nobody should have got: 500s, refusals of what was right.
    pub fn surprises(&self) -> Vec<String> {
        self.surprises.lock().unwrap().clone()
    }

    /// How many requests were like this.
    pub fn count(&self, is_like: impl Fn(&Entry) -> bool) -> usize {
        let entries = self.entries.lock().unwrap();
        entries.iter().filter(|entry| is_like(entry)).count()
    }

    /// What was asked since then and failed, with when it did and how.
    pub fn failures_since(&self, end: Instant) -> Vec<(Kind, Outcome, Duration)> {
        let entries = self.entries.lock().unwrap();
        let after = entries.iter().filter(|entry| entry.sent >= end);
        let ended = after.filter_map(|entry| Some((entry.kind, entry.end?)));
        ended
            .filter(|(_, (_, outcome))| outcome.is_failure())
            .map(|(kind, (at, outcome))| (kind, outcome, at - end))
            .collect()
    }

    /// The longest time from one success to the next.
    pub fn longest_gap(&self) -> Duration {
        let entries = self.entries.lock().unwrap();
        let done = entries.iter().filter(|entry| entry.is(Outcome::Done));
        let mut times: Vec<_> = done
            .filter_map(|entry| entry.end)
            .map(|(at, _)| at)
            .collect();
        times.sort_unstable();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or_default()
    }

    /// Of what was asked after `end`, when the cause was gone, and is heeded: how long the first
    /// success took to come, and from when on a whole second had no failure. None while that has
    /// not come.
    pub fn recovery(&self, end: Instant, heeded: Heeded) -> Option<(Duration, Duration)> {
        const CALM: Duration = Duration::from_secs(1);
        let entries = self.entries.lock().unwrap();
        let after = entries.iter().filter(|entry| entry.sent >= end);
        let after: Vec<_> = after.filter(|entry| heeded(entry.kind)).collect();
        let successes = after.iter().filter(|entry| entry.is(Outcome::Done));
        let first = successes.filter_map(|entry| entry.end).map(|(at, _)| at);
        let first = first.min()?;
        let mut calm = end;
        for failure in after.iter().filter(|entry| entry.may_have_failed()) {
            if failure.sent >= calm + CALM {
                break;
            }
            calm = calm.max(failure.end?.0);
        }
        (calm + CALM <= Instant::now()).then(|| (first - end, calm - end))
    }
}

/// A value as it may stand: as acknowledged last, or as one of the writes whose fate nobody knows
/// left it. Such a write may come into force late, when its statement was still on its way.
#[derive(Debug, Clone, Default)]
pub struct Value<T> {
    acknowledged: T,
    unknown: Vec<T>,
}

impl<T: PartialEq> Value<T> {
    /// A value was written, with this outcome.
    pub fn wrote(&mut self, value: T, outcome: Outcome) {
        if outcome == Outcome::Done {
            self.acknowledged = value;
        } else if outcome.is_unknown() {
            self.unknown.push(value);
        }
    }

    /// Whether it may be like this.
    pub fn may_be(&self, value: &T) -> bool {
        self.acknowledged == *value || self.unknown.contains(value)
    }
}

/// Whether an account is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    Certain,
    Unknown,
    /// Its registration was refused, or reached nobody.
    Impossible,
}

/// What must be true of one account.
#[derive(Debug, Clone)]
pub struct Account {
    pub email: String,
    pub username: String,
    pub exists: Existence,
    pub id: Option<Uuid>,
    pub display_name: Value<Option<String>>,
    pub avatar_url: Value<Option<String>>,
    /// An upload whose fate nobody knows: nobody knows the address of its picture either.
    pub any_avatar: bool,
    pub follows: HashMap<Uuid, Value<bool>>,
    /// The digests of all refresh tokens that were handed out: each is a row.
    pub token_hashes: Vec<Vec<u8>>,
    pub logged_in: usize,
    pub perhaps_logged_in: usize,
}

impl Account {
    /// An account that nobody asked for yet.
    pub fn new(username: &str) -> Self {
        Self {
            email: format!("{username}@example.org"),
            username: username.to_owned(),
            exists: Existence::Impossible,
            id: None,
            display_name: Value::default(),
            avatar_url: Value::default(),
            any_avatar: false,
            follows: HashMap::new(),
            token_hashes: Vec::new(),
            logged_in: 0,
            perhaps_logged_in: 0,
        }
    }

    /// A refresh token was handed out.
    pub fn got(&mut self, token: &str) {
        self.token_hashes.push(Sha256::digest(token).to_vec());
    }

    /// A log-in had this outcome.
    pub fn logged_in(&mut self, outcome: Outcome) {
        self.logged_in += usize::from(outcome == Outcome::Done);
        self.perhaps_logged_in += usize::from(outcome.is_unknown());
    }

    /// Somebody was followed (or not any more), with this outcome.
    pub fn followed(&mut self, whom: Uuid, follows: bool, outcome: Outcome) {
        let edge = self.follows.entry(whom).or_default();
        edge.wrote(follows, outcome);
    }
}
