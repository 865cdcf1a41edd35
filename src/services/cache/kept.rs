//! Things kept for a few seconds: loaded by one of those who ask at once, and never put there again
//! as they were before a change that is known of.

use super::{
    changes::Changes,
    entries::Entries,
    loads::{Load, Loads, Rows},
};
use crate::{Error, Result, database::time_budget};
use futures_util::future::{Shared, try_join_all};
use std::{
    collections::HashMap,
    hash::Hash,
    slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a load may take: a wait for a connection and a statement, on a replica and on the primary.
const LOAD_TIME: Duration = Duration::from_secs(18);

/// Things by their keys; also that there is none.
pub struct Kept<K, V>(Arc<Inner<K, V>>);

pub(super) struct Inner<K, V> {
    entries: Entries<K, V>,
    moving: Mutex<Moving<K, V>>,
}

/// What an entry depends on when it is put there.
pub(super) struct Moving<K, V> {
    pub loads: Loads<K, V>,
    changes: Changes<K>,
}

impl<K, V> Kept<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// At most so many bytes; `weigh` says how many a key and what it leads to have on the heap.
    pub fn new(name: &'static str, bytes: usize, weigh: fn(&K, Option<&V>) -> usize) -> Self {
        Self(Arc::new(Inner {
            entries: Entries::new(name, bytes, weigh),
            moving: Mutex::new(Moving {
                loads: Loads::default(),
                changes: Changes::default(),
            }),
        }))
    }

    /// The thing with this key, as of a moment ago or loaded now; none when there is none.
    ///
    /// # Errors
    /// Those of the load; all who wait for it get it as a failure.
    pub async fn get<F>(&self, key: &K, load: impl FnOnce(Vec<K>) -> F) -> Result<Option<V>>
    where
        F: Future<Output = Result<Rows<K, V>>> + Send + 'static,
    {
        if let Some(value) = self.0.kept(key) {
            return Ok(value);
        }
        // Boxed, since it is part of every request's future.
        let mut all = Box::pin(self.all(slice::from_ref(key), load)).await?;
        Ok(all.remove(key).flatten())
    }

    /// All of these, the missing ones in one load. A key that another is loading is waited for,
    /// unless what it leads to has changed since.
    ///
    /// # Errors
    /// As [`Kept::get`].
    pub async fn all<F>(
        &self,
        keys: &[K],
        load: impl FnOnce(Vec<K>) -> F,
    ) -> Result<HashMap<K, Option<V>>>
    where
        F: Future<Output = Result<Rows<K, V>>> + Send + 'static,
    {
        let mut found = HashMap::with_capacity(keys.len());
        let mut missing = Vec::new();
        for key in keys {
            match self.0.kept(key) {
                Some(value) => drop(found.insert(key.clone(), value)),
                None => missing.push(key.clone()),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let loads = self.loads(missing, &mut found, load);
        // Also who joins another's load waits no longer than a request may.
        let loaded = time_budget::wait(LOAD_TIME, try_join_all(loads)).await?;
        for values in loaded.map_err(|error| Error::shared(&error))? {
            for key in keys {
                if let Some(value) = values.get(key) {
                    found.insert(key.clone(), value.clone());
                }
            }
        }
        Ok(found)
    }

    /// The loads that the missing keys come from: those under way, and one for all the others.
    fn loads<F>(
        &self,
        missing: Vec<K>,
        found: &mut HashMap<K, Option<V>>,
        load: impl FnOnce(Vec<K>) -> F,
    ) -> Vec<Shared<Load<K, V>>>
    where
        F: Future<Output = Result<Rows<K, V>>> + Send + 'static,
    {
        let Inner { entries, .. } = &*self.0;
        let mut loads = Vec::new();
        let mut own = Vec::new();
        let mut moving = self.0.moving();
        for key in missing {
            if let Some(under_way) = moving.loads.of(&key) {
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
            loads.push(moving.loads.begin(&self.0, own, work));
        }
        loads
    }

    /// Keeps what was found on the way to something else, as far as it has not changed since.
    pub fn keep(&self, key: K, value: Option<V>, as_of: Instant) {
        self.0.keep([(key, value)], as_of);
    }

    /// The last change of any of these that is known of.
    pub fn last_change(&self, keys: &[K]) -> Option<Instant> {
        let moving = self.0.moving();
        keys.iter().map(|key| moving.changes.last(key)).max()
    }

    /// Shows nobody any more what was there until now. What is being loaded serves only those who
    /// wait already.
    pub fn forget(&self, key: &K) {
        let mut moving = self.0.moving();
        if moving.changes.note(key, Instant::now()) {
            moving.loads.forget(key);
            self.0.entries.remove(key);
        } else {
            drop(moving);
            self.forget_everything();
        }
    }

    /// The same of everything that there is.
    pub fn forget_everything(&self) {
        let mut moving = self.0.moving();
        moving.changes.note_everything(Instant::now());
        moving.loads.forget_all();
        self.0.entries.clear();
    }

    /// How many bytes it has now, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.entries.bytes()
    }
}

impl<K: Eq + Hash, V: Clone> Inner<K, V> {
    /// What is known of a key. Counted.
    fn kept(&self, key: &K) -> Option<Option<V>> {
        let value = self.entries.get(key)?;
        match value {
            Some(_) => self.entries.counts.hit.increment(1),
            None => self.entries.counts.absent.increment(1),
        }
        Some(value)
    }

    pub fn keep(&self, values: impl IntoIterator<Item = (K, Option<V>)>, as_of: Instant) {
        let moving = self.moving();
        for (key, value) in values {
            if as_of > moving.changes.last(&key) {
                self.entries.insert(key, value, as_of);
            }
        }
    }
}

impl<K, V> Inner<K, V> {
    pub fn moving(&self) -> MutexGuard<'_, Moving<K, V>> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
