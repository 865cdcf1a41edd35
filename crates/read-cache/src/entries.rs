//! The entries, within bounds of memory and age, and how often they were of use.

use metrics::{Counter, counter};
use quick_cache::{Weighter, sync};
use std::{hash::Hash, time::Duration};
use tokio::time::Instant;

/// What an entry costs beside what it points to: its key, its places in tables, its allocations.
const ENTRY: usize = 160;

/// Entries by their keys.
pub struct Entries<K, V> {
    all: sync::Cache<K, Entry<V>, Weight<K, V>>,
    max_age: Duration,
    pub counts: Counts,
}

/// What is known of a key, and up to which moment every commit is shown in it.
#[derive(Clone)]
struct Entry<V> {
    value: Option<V>,
    as_of: Instant,
}

impl<K: Eq + Hash, V: Clone> Entries<K, V> {
    pub fn new(
        name: &'static str,
        max_age: Duration,
        bytes: usize,
        weigh: fn(&K, Option<&V>) -> usize,
    ) -> Self {
        Self {
            all: sync::Cache::with_weighter(bytes / (2 * ENTRY), bytes as u64, Weight(weigh)),
            max_age,
            counts: Counts::new(name),
        }
    }

    /// What is known of a key, if that is young enough.
    pub fn get(&self, key: &K) -> Option<Option<V>> {
        let entry = self.all.get(key)?;
        (entry.as_of.elapsed() < self.max_age).then_some(entry.value)
    }

    pub fn insert(&self, key: K, value: Option<V>, as_of: Instant) {
        self.all.insert(key, Entry { value, as_of });
    }

    pub fn remove(&self, key: &K) {
        self.all.remove(key);
    }

    pub fn clear(&self) {
        self.all.clear();
    }

    pub fn bytes(&self) -> u64 {
        self.all.weight()
    }
}

/// How often which result was found, from zero.
pub struct Counts {
    /// It was there.
    pub hit: Counter,
    /// It was known that there is none.
    pub absent: Counter,
    /// Somebody else was loading it.
    pub joined: Counter,
    /// It was loaded.
    pub miss: Counter,
}

impl Counts {
    fn new(name: &'static str) -> Self {
        let count = |result: &'static str| {
            let counter = counter!("read_cache_total", "cache" => name, "result" => result);
            counter.increment(0);
            counter
        };
        Self {
            hit: count("hit"),
            absent: count("absent"),
            joined: count("joined"),
            miss: count("miss"),
        }
    }
}

/// What an entry weighs in bytes, with what it points to.
struct Weight<K, V>(fn(&K, Option<&V>) -> usize);

impl<K, V> Clone for Weight<K, V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<K, V> Weighter<K, Entry<V>> for Weight<K, V> {
    fn weight(&self, key: &K, entry: &Entry<V>) -> u64 {
        (ENTRY + self.0(key, entry.value.as_ref())) as u64
    }
}
