//! One load: run by those who wait for it, and put into the cache when it ends.

use crate::{
    in_flight::{Load, Loaded},
    lookup::Found,
    state::{Moving, State},
};
use futures_util::FutureExt;
use std::{hash::Hash, sync::Arc};
use tokio::time::Instant;

/// The rows that a load found, and the moment up to which they show every commit.
pub struct Rows<K, V> {
    /// What was found; the rest of what was asked for does not exist.
    pub found: Vec<(K, V)>,
    /// Not later than when the statement was sent.
    pub as_of: Instant,
}

/// Takes a load out of those under way when it ends, however it ends.
struct Guard<K: Eq + Hash, V, E> {
    number: u64,
    keys: Vec<K>,
    state: Arc<State<K, V, E>>,
}

impl<K: Eq + Hash, V, E> Drop for Guard<K, V, E> {
    fn drop(&mut self) {
        let in_flight = &mut self.state.lock().in_flight;
        in_flight.remove(self.number, &self.keys);
    }
}

/// Makes the work a load that others can join. `moving` is the locked part of `state`.
pub fn begin<K, V, E, F>(
    state: &Arc<State<K, V, E>>,
    moving: &mut Moving<K, V, E>,
    keys: Vec<K>,
    work: F,
) -> Load<K, V, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    F: Future<Output = Result<Rows<K, V>, E>> + Send + 'static,
{
    let number = moving.in_flight.next_number();
    let guard = Guard {
        number,
        keys: keys.clone(),
        state: Arc::clone(state),
    };
    let load = run(guard, work).boxed().shared();
    moving.in_flight.insert(number, keys, &load);
    load
}

async fn run<K, V, E, F>(guard: Guard<K, V, E>, work: F) -> Loaded<K, V, E>
where
    K: Clone + Eq + Hash,
    V: Clone,
    F: Future<Output = Result<Rows<K, V>, E>>,
{
    let rows = work.await.map_err(Arc::new)?;
    let none = guard.keys.iter().map(|key| (key.clone(), None));
    let mut values: Found<K, V> = none.collect();
    let found = rows.found.into_iter();
    values.extend(found.map(|(key, value)| (key, Some(value))));
    guard.state.insert(values.clone(), rows.as_of);
    Ok(Arc::new(values))
}
