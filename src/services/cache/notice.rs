//! What changed, and as text: words that begin with the kind of change, separated by spaces.

use crate::storage::notices::MAX_BYTES;
use std::{
    collections::HashSet,
    fmt::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;
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
    changes: Mutex<HashSet<Change>>,
    added: Notify,
}

impl Outgoing {
    /// Adds some.
    pub fn add(&self, changes: Vec<Change>) {
        let mut all = self.changes();
        all.extend(changes);
        if all.len() > MOST {
            *all = HashSet::from([Change::Everything]);
        }
        drop(all);
        self.added.notify_one();
    }

    /// Waits until there are some.
    pub async fn some(&self) {
        self.added.notified().await;
    }

    /// Takes all, as notices.
    pub fn take(&self) -> Vec<String> {
        notices(&std::mem::take(&mut *self.changes()))
    }

    fn changes(&self) -> MutexGuard<'_, HashSet<Change>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn many_changes_are_several_notices_and_too_many_are_everything() {
        let many = |n: u128| (0..n).map(|id| Change::Counts(Uuid::from_u128(id)));
        let outgoing = Outgoing::default();
        outgoing.add(many(1_000).chain(many(1_000)).collect());
        let notices = outgoing.take();
        assert!(notices.iter().all(|notice| notice.len() <= MAX_BYTES));
        assert_eq!(notices.len(), 5);
        let told: usize = notices.iter().map(|n| Change::all_in(n).len()).sum();
        assert_eq!(told, 1_000);
        outgoing.add(many(10_001).collect());
        assert_eq!(outgoing.take(), ["*"]);
        assert!(outgoing.take().is_empty());
    }
}
