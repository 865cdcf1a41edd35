//! How many pictures are made at once, and of whom.

use super::{PLACE, make};
use crate::{Error, Result};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use uuid::Uuid;

/// The most memory that all pictures in the making take together, in bytes.
const MEMORY: usize = 256 * 1024 * 1024;
/// How many are made at once. None takes more than a [`PLACE`], so that together they keep to
/// [`MEMORY`], and one at a time costs no more than half of the processor.
const AT_ONCE: usize = MEMORY / PLACE;
/// How long an upload waits for a place.
const WAIT: Duration = Duration::from_secs(5);
/// How long it waits for another one of the same person.
const WAIT_FOR_OWN: Duration = Duration::from_secs(4);
/// When to come back after that.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Makes a few pictures at a time, away from the threads that serve requests. Each person has one
/// place at most, in the making or in the queue for it, so that nobody keeps others out.
pub struct ImagePool {
    places: Arc<Semaphore>,
    /// Who has a picture in the making or waits: one permit each.
    turns: Mutex<HashMap<Uuid, Arc<Semaphore>>>,
}

impl Default for ImagePool {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            turns: Mutex::default(),
        }
    }
}

impl ImagePool {
    /// The JPEGs of a person's upload, one for each of [`super::SIZES`].
    ///
    /// # Errors
    /// `AvatarInvalid`; `RateLimited` while other pictures of this person are in the making;
    /// `Unavailable` when too many of others wait.
    pub async fn make(&self, owner: Uuid, upload: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let turn = self.turn(owner).await?;
        let place = timeout(WAIT, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(Error::unavailable)?
            .map_err(Error::internal)?;
        // Turn and place move along: a request that is given up frees neither before its memory.
        tokio::task::spawn_blocking(move || {
            let made = make(&upload);
            drop(upload);
            drop((place, turn));
            made
        })
        .await
        .map_err(Error::internal)?
    }

    /// Waits until no other picture of this person is in the making.
    async fn turn(&self, owner: Uuid) -> Result<OwnedSemaphorePermit> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever waits or works has one more of it than the map.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            let turn = turns
                .entry(owner)
                .or_insert_with(|| Arc::new(Semaphore::new(1)));
            Arc::clone(turn)
        };
        timeout(WAIT_FOR_OWN, turn.acquire_owned())
            .await
            .map_err(|_| Error::RateLimited {
                retry_after: RETRY_AFTER,
            })?
            .map_err(Error::internal)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_person_has_one_place_and_leaves_the_other_to_others() {
        let pool = ImagePool::default();
        let (ana, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = pool.turn(ana).await.unwrap();
        let second = pool.turn(ana).await;
        assert!(matches!(second, Err(Error::RateLimited { .. })));
        assert!(pool.turn(bob).await.is_ok());
        drop(first);
        assert!(pool.turn(ana).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_is_told_to_come_back() {
        let pool = ImagePool::default();
        let all = u32::try_from(AT_ONCE).unwrap();
        let taken = Arc::clone(&pool.places).acquire_many_owned(all).await;
        let refused = pool.make(Uuid::nil(), Vec::new()).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))));
        drop(taken);
        let invalid = pool.make(Uuid::nil(), Vec::new()).await;
        assert!(matches!(invalid, Err(Error::AvatarInvalid(_))));
        assert_eq!(pool.turns.lock().unwrap().len(), 1);
        drop(pool.turn(Uuid::from_u128(1)).await.unwrap());
        assert!(!pool.turns.lock().unwrap().contains_key(&Uuid::nil()));
    }
}
