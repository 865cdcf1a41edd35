//! Loads under way, by the keys that they are for. Whoever waits for a load drives it on, also when the
//! first who asked has gone; when all have gone the load is gone too.

use crate::lookup::Found;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::{collections::HashMap, hash::Hash, sync::Arc};

/// Values by keys, as a load gives them to all who wait for it: each key that it was for is there.
pub type Loaded<K, V, E> = Result<Arc<Found<K, V>>, Arc<E>>;
/// A load that several wait for.
pub type Load<K, V, E> = Shared<BoxFuture<'static, Loaded<K, V, E>>>;

/// Loads by the keys that they are for.
pub struct InFlight<K, V, E> {
    loads: HashMap<K, Numbered<K, V, E>>,
    last: u64,
}

struct Numbered<K, V, E> {
    number: u64,
    load: WeakShared<BoxFuture<'static, Loaded<K, V, E>>>,
}

impl<K, V, E> Default for InFlight<K, V, E> {
    fn default() -> Self {
        Self {
            loads: HashMap::new(),
            last: 0,
        }
    }
}

impl<K: Clone + Eq + Hash, V, E> InFlight<K, V, E> {
    /// The load of this key, if there is one.
    pub fn get(&self, key: &K) -> Option<Load<K, V, E>> {
        self.loads.get(key)?.load.upgrade()
    }

    /// The number of the next load.
    pub fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// From now on others wait for this load too.
    pub fn insert(&mut self, number: u64, keys: Vec<K>, load: &Load<K, V, E>) {
        if let Some(load) = load.downgrade() {
            for key in keys {
                let load = load.clone();
                self.loads.insert(key, Numbered { number, load });
            }
        }
    }
}

impl<K: Eq + Hash, V, E> InFlight<K, V, E> {
    /// The load with this number has ended.
    pub fn remove(&mut self, number: u64, keys: &[K]) {
        for key in keys {
            if self.loads.get(key).map(|load| load.number) == Some(number) {
                self.loads.remove(key);
            }
        }
    }

    /// Nobody else waits for the load of this key.
    pub fn forget(&mut self, key: &K) {
        self.loads.remove(key);
    }

    /// Nobody else waits for any load.
    pub fn forget_all(&mut self) {
        self.loads.clear();
    }
}
