//! What changed, and as text: words that begin with the kind of change, separated by spaces.

use crate::database::notices::MAX_BYTES;
use std::{
    collections::HashSet,
    fmt::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// How many changes wait to be told; beyond that it is said that everything changed.
const MOST: usize = 10_000;

/// Something that is kept and not as it was any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Change {
    /// What is known of this person, counts included, or whether there is one.
    Person(Uuid),
    /// How many follow this person, or are followed.
    Counts(Uuid),
    /// Whose handle, in small letters, this is.
    Name(String),
    /// Anything.
    Everything,
}

impl Change {
    /// Of whose handle this is, whatever its case.
    #[must_use]
    pub fn name(username: &str) -> Self {
        Self::Name(username.to_ascii_lowercase())
    }

    /// What a notice says. A word that nobody here knows is of a newer version: of anything.
    #[must_use]
    pub fn all_in(notice: &str) -> Vec<Self> {
        notice.split_ascii_whitespace().map(Self::parse).collect()
    }

    fn parse(word: &str) -> Self {
        let Some((kind, of)) = word.split_at_checked(1) else {
            return Self::Everything;
        };
        let id = Uuid::try_parse(of);
        match (kind, id) {
            ("p", Ok(id)) => Self::Person(id),
            ("c", Ok(id)) => Self::Counts(id),
            ("n", _) => Self::Name(of.to_owned()),
            _ => Self::Everything,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "p{}", id.simple()),
            Self::Counts(id) => write!(f, "c{}", id.simple()),
            Self::Name(name) => write!(f, "n{name}"),
            Self::Everything => f.write_char('*'),
        }
    }
}

/// As few notices as can say this.
pub fn notices<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<String> {
    let mut notices: Vec<String> = Vec::new();
    for change in changes {
        let word = change.to_string();
        match notices.last_mut() {
            Some(notice) if notice.len() + 1 + word.len() <= MAX_BYTES => {
                notice.push(' ');
                notice.push_str(&word);
            }
            _ => notices.push(word),
        }
    }
    notices
}

/// Changes that the other replicas are still to be told.
#[derive(Default)]
pub struct Outgoing {
    batch: Mutex<Batch>,
    added: Notify,
    /// The number of the batch that was told last.
    told: watch::Sender<u64>,
}

/// What is told at once.
struct Batch {
    number: u64,
    changes: HashSet<Change>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            number: 1,
            changes: HashSet::new(),
        }
    }
}

impl Outgoing {
    /// Adds some. Gives the number of the batch that they are told with.
    pub fn add(&self, changes: impl IntoIterator<Item = Change>) -> u64 {
        let mut batch = self.batch();
        batch.changes.extend(changes);
        if batch.changes.len() > MOST {
            batch.changes = HashSet::from([Change::Everything]);
        }
        let number = batch.number;
        drop(batch);
        self.added.notify_one();
        number
    }

    /// Waits until there are some.
    pub async fn some(&self) {
        self.added.notified().await;
    }

    /// Takes all, as notices, with the number of their batch.
    pub fn take(&self) -> (u64, Vec<String>) {
        let mut batch = self.batch();
        let taken = (batch.number, notices(&batch.changes));
        batch.changes.clear();
        batch.number += 1;
        taken
    }

    /// Says that a batch was told.
    pub fn told(&self, batch: u64) {
        self.told.send_replace(batch);
    }

    /// Waits until a batch was told.
    pub async fn until_told(&self, batch: u64) {
        let mut told = self.told.subscribe();
        told.wait_for(|told| *told >= batch).await.ok();
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic)]
    fn a_notice_says_what_changed() {
        let id = Uuid::from_u128(7);
        let changes = [
            Change::Person(id),
            Change::Counts(id),
            Change::name("Ana.1"),
            Change::Everything,
        ];
        let [notice] = &*notices(&changes) else {
            panic!("one notice");
        };
        assert_eq!(Change::all_in(notice), changes);
    }

    #[test]
    fn what_is_not_understood_may_be_anything() {
        for odd in ["x1", "p", "pana", "é", "*"] {
            assert_eq!(Change::all_in(odd), [Change::Everything], "{odd}");
        }
        assert_eq!(Change::all_in(""), []);
    }

    #[tokio::test]
    async fn who_changed_something_waits_until_it_is_told() {
        let outgoing = Outgoing::default();
        let batch = outgoing.add([Change::Everything]);
        outgoing.take();
        let later = outgoing.add([Change::Everything]);
        let mut told = std::pin::pin!(outgoing.until_told(batch));
        assert!(futures_util::poll!(&mut told).is_pending());
        outgoing.told(batch);
        told.await;
        assert!(futures_util::poll!(std::pin::pin!(outgoing.until_told(later))).is_pending());
    }

    #[test]
    fn many_changes_are_several_notices_and_too_many_are_everything() {
        let many = |n: u128| (0..n).map(|id| Change::Counts(Uuid::from_u128(id)));
        let outgoing = Outgoing::default();
        assert_eq!(outgoing.add(many(1_000).chain(many(1_000))), 1);
        let (batch, notices) = outgoing.take();
        assert_eq!(batch, 1);
        assert!(notices.iter().all(|notice| notice.len() <= MAX_BYTES));
        assert_eq!(notices.len(), 5);
        let told: usize = notices.iter().map(|n| Change::all_in(n).len()).sum();
        assert_eq!(told, 1_000);
        assert_eq!(outgoing.add(many(10_001)), 2);
        assert_eq!(outgoing.take().1, ["*"]);
        assert!(outgoing.take().1.is_empty());
    }
}
