//! What the cache and its loads share: the entries, and what decides whether a value may become one.

use crate::{changes::Changes, entries::Entries, in_flight::InFlight};
use std::{
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::time::Instant;

/// The entries, and what they depend on.
pub struct State<K, V, E> {
    pub entries: Entries<K, V>,
    moving: Mutex<Moving<K, V, E>>,
}

/// What an entry depends on when it is put in.
pub struct Moving<K, V, E> {
    pub in_flight: InFlight<K, V, E>,
    pub changes: Changes<K>,
}

impl<K, V, E> State<K, V, E> {
    pub fn new(entries: Entries<K, V>, changes: Changes<K>) -> Self {
        Self {
            entries,
            moving: Mutex::new(Moving {
                in_flight: InFlight::default(),
                changes,
            }),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Moving<K, V, E>> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V: Clone, E> State<K, V, E> {
    /// What is known of a key. Counted.
    pub fn cached(&self, key: &K) -> Option<Option<V>> {
        let value = self.entries.get(key)?;
        match value {
            Some(_) => self.entries.counts.hit.increment(1),
            None => self.entries.counts.absent.increment(1),
        }
        Some(value)
    }

    /// Puts in what has not changed since `as_of`.
    pub fn insert(&self, values: impl IntoIterator<Item = (K, Option<V>)>, as_of: Instant) {
        let moving = self.lock();
        for (key, value) in values {
            if as_of > moving.changes.last(&key) {
                self.entries.insert(key, value, as_of);
            }
        }
    }
}
