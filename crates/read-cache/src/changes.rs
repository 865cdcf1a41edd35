//! What changed lately, and when: what was read before that must not become an entry.

use std::{collections::HashMap, hash::Hash, mem, time::Duration};
use tokio::time::Instant;

/// How many changes are remembered in the greatest age of an entry: about 2 MB of them.
pub const MOST: usize = 20_000;

/// The last change of each key, for at least the greatest age of an entry: no entry is older anyway.
pub struct Changes<K> {
    /// Before this moment everything may have changed.
    everything: Instant,
    young: HashMap<K, Instant>,
    old: HashMap<K, Instant>,
    /// When the young ones began.
    since: Instant,
    max_age: Duration,
}

impl<K> Changes<K> {
    pub fn new(max_age: Duration) -> Self {
        let now = Instant::now();
        Self {
            everything: now,
            young: HashMap::new(),
            old: HashMap::new(),
            since: now,
            max_age,
        }
    }
}

impl<K: Clone + Eq + Hash> Changes<K> {
    /// Remembers a change; false when there is no room for more.
    pub fn note(&mut self, key: &K, now: Instant) -> bool {
        if now.duration_since(self.since) > self.max_age {
            self.old = mem::take(&mut self.young);
            self.since = now;
        }
        if self.young.len() == MOST {
            return false;
        }
        self.young.insert(key.clone(), now);
        true
    }
}

impl<K: Eq + Hash> Changes<K> {
    /// Everything may have changed.
    pub fn note_everything(&mut self, now: Instant) {
        self.everything = now;
        self.young.clear();
        self.old.clear();
    }

    /// When this was changed, or may have been.
    pub fn last(&self, key: &K) -> Instant {
        let change = self.young.get(key).or_else(|| self.old.get(key));
        change.map_or(self.everything, |change| self.everything.max(*change))
    }
}
