//! The cache: one of those who ask at once loads, and nothing is put in as it was before a change that is known of.

use crate::{
    changes::Changes,
    entries::Entries,
    in_flight::Load,
    load::{self, Rows},
    lookup::{Found, Lookup},
    state::State,
};
use futures_util::future::try_join_all;
use std::{hash::Hash, slice, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Values by their keys; also that there is none. `E` is the error of a load.
pub struct ReadCache<K, V, E>(Arc<State<K, V, E>>);

impl<K, V, E> ReadCache<K, V, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Nothing older than `max_age`, and at most so many bytes; `weigh` says how many a key and its value have on the heap.
    pub fn new(
        name: &'static str,
        max_age: Duration,
        bytes: usize,
        weigh: fn(&K, Option<&V>) -> usize,
    ) -> Self {
        let entries = Entries::new(name, max_age, bytes, weigh);
        Self(Arc::new(State::new(entries, Changes::new(max_age))))
    }

    /// The value of this key, or that there is none.
    pub fn get<'a, F>(&self, key: &'a K, load: impl FnOnce(Vec<K>) -> F) -> Lookup<'a, Option<V>, E>
    where
        F: Future<Output = Result<Rows<K, V>, E>> + Send + 'static,
    {
        if let Some(value) = self.0.cached(key) {
            return Lookup::Cached(value);
        }
        let all = self.all(slice::from_ref(key), load);
        Lookup::Loading(Box::pin(async move {
            Ok(all.wait().await?.remove(key).flatten())
        }))
    }

    /// The values of all these keys, the missing ones in one load. A key that another is loading is
    /// waited for, unless its value has changed since.
    pub fn all<'a, F>(
        &self,
        keys: &'a [K],
        load: impl FnOnce(Vec<K>) -> F,
    ) -> Lookup<'a, Found<K, V>, E>
    where
        F: Future<Output = Result<Rows<K, V>, E>> + Send + 'static,
    {
        let mut found = Found::with_capacity(keys.len());
        let mut missing = Vec::new();
        for key in keys {
            match self.0.cached(key) {
                Some(value) => drop(found.insert(key.clone(), value)),
                None => missing.push(key.clone()),
            }
        }
        if missing.is_empty() {
            return Lookup::Cached(found);
        }
        let loads = self.loads(missing, &mut found, load);
        Lookup::Loading(Box::pin(async move {
            for values in try_join_all(loads).await? {
                for key in keys {
                    if let Some(value) = values.get(key) {
                        found.insert(key.clone(), value.clone());
                    }
                }
            }
            Ok(found)
        }))
    }

    /// The loads that the missing keys come from: those under way, and one for all the others.
    fn loads<F>(
        &self,
        missing: Vec<K>,
        found: &mut Found<K, V>,
        load: impl FnOnce(Vec<K>) -> F,
    ) -> Vec<Load<K, V, E>>
    where
        F: Future<Output = Result<Rows<K, V>, E>> + Send + 'static,
    {
        let entries = &self.0.entries;
        let mut loads = Vec::new();
        let mut own = Vec::new();
        let mut moving = self.0.lock();
        for key in missing {
            if let Some(under_way) = moving.in_flight.get(&key) {
                entries.counts.joined.increment(1);
                loads.push(under_way);
            } else if let Some(value) = entries.get(&key) {
                // A load ended since we looked.
                entries.counts.joined.increment(1);
                found.insert(key, value);
            } else {
                entries.counts.miss.increment(1);
                own.push(key);
            }
        }
        if !own.is_empty() {
            let work = load(own.clone());
            loads.push(load::begin(&self.0, &mut moving, own, work));
        }
        loads
    }

    /// Puts in what was found on the way to something else, unless it has changed since `as_of`.
    pub fn insert(&self, key: K, value: Option<V>, as_of: Instant) {
        self.0.insert([(key, value)], as_of);
    }

    /// The last change of any of these that is known of.
    pub fn last_change(&self, keys: &[K]) -> Option<Instant> {
        let moving = self.0.lock();
        keys.iter().map(|key| moving.changes.last(key)).max()
    }

    /// Shows nobody any more what was there until now. What is being loaded serves only those who
    /// wait already.
    pub fn forget(&self, key: &K) {
        let mut moving = self.0.lock();
        if moving.changes.note(key, Instant::now()) {
            moving.in_flight.forget(key);
            self.0.entries.remove(key);
        } else {
            drop(moving);
            self.forget_everything();
        }
    }

    /// The same of everything that there is.
    pub fn forget_everything(&self) {
        let mut moving = self.0.lock();
        moving.changes.note_everything(Instant::now());
        moving.in_flight.forget_all();
        self.0.entries.clear();
    }

    /// How many bytes it has now, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.entries.bytes()
    }
}
