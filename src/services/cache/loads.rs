//! Loads under way. Who waits for one drives it on, also when the first who asked has gone; when
//! all have gone it is gone too.

use super::kept::Inner;
use crate::{Error, Result};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use std::{collections::HashMap, hash::Hash, sync::Arc};
use tokio::time::Instant;

/// Values by keys, as a load gives them to all who wait for it: each key that it was for is there.
pub type Loaded<K, V> = Result<Arc<HashMap<K, Option<V>>>, Arc<Error>>;
/// A load.
pub type Load<K, V> = BoxFuture<'static, Loaded<K, V>>;

/// The rows that a load found, and the moment up to which they show every commit.
pub struct Rows<K, V> {
    /// What was found; the rest of what was asked for does not exist.
    pub found: Vec<(K, V)>,
    /// Not later than when the statement was sent.
    pub as_of: Instant,
}

/// Loads by the keys that they are for.
pub struct Loads<K, V> {
    under_way: HashMap<K, Numbered<K, V>>,
    last: u64,
}

struct Numbered<K, V> {
    number: u64,
    load: WeakShared<Load<K, V>>,
}

/// Takes a load out of those under way when it ends, however it ends.
struct Ends<K: Eq + Hash, V> {
    number: u64,
    keys: Vec<K>,
    kept: Arc<Inner<K, V>>,
}

impl<K, V> Default for Loads<K, V> {
    fn default() -> Self {
        Self {
            under_way: HashMap::new(),
            last: 0,
        }
    }
}

impl<K, V> Loads<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The one to wait for.
    pub fn of(&self, key: &K) -> Option<Shared<Load<K, V>>> {
        self.under_way.get(key)?.load.upgrade()
    }

    /// Begins one, whose values are kept.
    pub fn begin<F>(&mut self, kept: &Arc<Inner<K, V>>, keys: Vec<K>, work: F) -> Shared<Load<K, V>>
    where
        F: Future<Output = Result<Rows<K, V>>> + Send + 'static,
    {
        self.last += 1;
        let number = self.last;
        let ends = Ends {
            number,
            keys: keys.clone(),
            kept: Arc::clone(kept),
        };
        let shared = run(ends, work).boxed().shared();
        if let Some(load) = shared.downgrade() {
            for key in keys {
                let load = load.clone();
                self.under_way.insert(key, Numbered { number, load });
            }
        }
        shared
    }

    /// Has nobody else wait for the load of this key.
    pub fn forget(&mut self, key: &K) {
        self.under_way.remove(key);
    }

    /// The same for all.
    pub fn forget_all(&mut self) {
        self.under_way.clear();
    }
}

async fn run<K, V, F>(load: Ends<K, V>, work: F) -> Loaded<K, V>
where
    K: Clone + Eq + Hash,
    V: Clone,
    F: Future<Output = Result<Rows<K, V>>>,
{
    let rows = work.await.map_err(Arc::new)?;
    let none = load.keys.iter().map(|key| (key.clone(), None));
    let mut values: HashMap<K, Option<V>> = none.collect();
    let found = rows.found.into_iter();
    values.extend(found.map(|(key, value)| (key, Some(value))));
    load.kept.keep(values.clone(), rows.as_of);
    Ok(Arc::new(values))
}

impl<K: Eq + Hash, V> Drop for Ends<K, V> {
    fn drop(&mut self) {
        let under_way = &mut self.kept.moving().loads.under_way;
        for key in &self.keys {
            let there = under_way.get(key).map(|load| load.number);
            if there == Some(self.number) {
                under_way.remove(key);
            }
        }
    }
}
