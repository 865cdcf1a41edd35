//! What a look into the cache comes to.

use futures_util::future::BoxFuture;
use std::{collections::HashMap, sync::Arc};

/// Values by their keys; none where it is known that there is none.
pub type Found<K, V> = HashMap<K, Option<V>>;

/// What a look into the cache comes to: a value at once, or the future of one. So a caller puts a time limit
/// of its own around the load alone.
#[must_use = "a load does nothing until it is awaited"]
pub enum Lookup<'a, T, E> {
    /// All of it is in memory.
    Cached(T),
    /// Some of it has to be loaded. All who wait for a load that fails get its error.
    Loading(BoxFuture<'a, Result<T, Arc<E>>>),
}

impl<T, E> Lookup<'_, T, E> {
    /// The value, however long its load takes.
    ///
    /// # Errors
    /// Those of the load.
    pub async fn wait(self) -> Result<T, Arc<E>> {
        match self {
            Self::Cached(value) => Ok(value),
            Self::Loading(load) => load.await,
        }
    }
}
