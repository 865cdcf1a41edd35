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

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub kind: Kind,
    pub answered: Instant,
    pub outcome: Outcome,
}

/// Everything that was asked, in the order of the answers.
#[derive(Default)]
pub struct Ledger {
    entries: Mutex<Vec<Entry>>,
    surprises: Mutex<Vec<String>>,
}

impl Ledger {
    /// Writes an answer down.
    pub fn note(&self, kind: Kind, outcome: Outcome) {
        let answered = Instant::now();
        self.entries.lock().unwrap().push(Entry {
            kind,
            answered,
            outcome,
        });
    }

    /// Writes an answer down that nobody should have got.
    pub fn note_surprise(&self, what: String) {
        self.surprises.lock().unwrap().push(what);
    }

    /// Answers that nobody should have got: 500s, refusals of what was right.
    pub fn surprises(&self) -> Vec<String> {
        self.surprises.lock().unwrap().clone()
    }

    /// How many answers were like this.
    pub fn count(&self, is_like: impl Fn(&Entry) -> bool) -> usize {
        let entries = self.entries.lock().unwrap();
        entries.iter().filter(|entry| is_like(entry)).count()
    }

    /// How long after `end`, when the cause was gone, the first success came, and from when on a
    /// whole second had no failure. None while that has not come.
    pub fn recovery(&self, end: Instant) -> Option<(Duration, Duration)> {
        let entries = self.entries.lock().unwrap();
        let after = || entries.iter().filter(|entry| entry.answered >= end);
        let first = after().find(|entry| entry.outcome == Outcome::Done)?;
        let mut calm = end;
        for failure in after().filter(|entry| entry.outcome.is_failure()) {
            if failure.answered >= calm + Duration::from_secs(1) {
                break;
            }
            calm = failure.answered;
        }
        let last = after().last()?;
        let is_calm = last.answered >= calm + Duration::from_secs(1);
        is_calm.then(|| (first.answered - end, calm - end))
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
