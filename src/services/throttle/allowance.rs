//! A allowance before a limit: small numbers pass without a question to the database, and larger ones
//! ask it for many tries at once.

use crate::storage::rate_limits::Bucket;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;

/// What part of a limit passes: one in so many.
const SHARE: u32 = 10;
/// What part of a limit is asked for at once beyond that.
const RATION: u32 = 50;
/// More callers at once than this share counters, are asked about sooner and use up each other's
/// rations. A power of two.
const SLOTS: usize = 4_096;
/// As a count: so many that each one is asked about.
const ALL: u64 = u32::MAX as u64;

/// Counters of one replica, by caller. A replica lets a tenth of a limit pass by itself; the
/// database gives what goes beyond, in rations while there are enough, so a crowd behind one address
/// seldom waits for its row. N replicas together admit 1 + 0.1 N times the limit, and up to a fiftieth
/// more for each ration begun: 1.4 times for three of them, 2.2 for ten.
pub(super) struct Allowance(Box<[AtomicU64]>);

impl Default for Allowance {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Allowance {
    /// Counts one more, and says how many tries the database has to give before it passes: none,
    /// or those for it and all that pass until the next question. The count starts anew each time
    /// that a bucket takes to fill up.
    pub(super) fn asks_for(&self, bucket: &Bucket, now: OffsetDateTime) -> u32 {
        let window = window(bucket, now);
        let one_more = |slot| Some(window << 32 | (count_in(window, slot) + 1).min(ALL));
        let slot = self.slot(bucket);
        let before = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        let before = count_in(window, before.unwrap_or_else(|slot| slot));
        let ration = (bucket.limit.burst / RATION).max(1);
        match before.checked_sub(u64::from(bucket.limit.burst / SHARE)) {
            Some(_) if before == ALL => 1,
            Some(beyond) if beyond % u64::from(ration) == 0 => ration,
            _ => 0,
        }
    }

    /// From now on each one is asked about: the bucket has no whole ration left.
    pub(super) fn ask_for_each(&self, bucket: &Bucket, now: OffsetDateTime) {
        let slot = window(bucket, now) << 32 | ALL;
        self.slot(bucket).store(slot, Ordering::Relaxed);
    }

    fn slot(&self, bucket: &Bucket) -> &AtomicU64 {
        let [a, b, ..] = bucket.key;
        &self.0[usize::from(u16::from_be_bytes([a, b])) % SLOTS]
    }
}

/// The upper half of a slot says which window it counts, the lower half how many.
fn window(bucket: &Bucket, now: OffsetDateTime) -> u64 {
    let long = bucket.limit.whole().whole_seconds().max(1);
    (now.unix_timestamp().unsigned_abs() / long.unsigned_abs()) & ALL
}

fn count_in(window: u64, slot: u64) -> u64 {
    if slot >> 32 == window { slot & ALL } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::{Limits, Rule};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:00 UTC);

    /// A bucket of 3,000.
    fn bucket(key: u8) -> Bucket {
        let limit = Limits::default().of(Rule::RefreshAddress);
        Bucket {
            key: [key; 32],
            limit,
        }
    }

    fn asked(allowance: &Allowance, bucket: &Bucket, now: OffsetDateTime, times: u32) -> Vec<u32> {
        (0..times)
            .map(|_| allowance.asks_for(bucket, now))
            .collect()
    }

    #[test]
    fn a_tenth_of_a_limit_passes_and_a_new_window_counts_anew() {
        let allowance = Allowance::default();
        let next = NOW + bucket(1).limit.whole();
        for (key, now) in [(1, NOW), (2, NOW), (1, next)] {
            assert_eq!(asked(&allowance, &bucket(key), now, 300), [0; 300]);
            assert_eq!(allowance.asks_for(&bucket(key), now), 60);
        }
    }

    #[test]
    fn what_is_asked_for_beyond_is_what_passes_until_the_next_question() {
        let allowance = Allowance::default();
        asked(&allowance, &bucket(1), NOW, 300);
        let beyond = asked(&allowance, &bucket(1), NOW, 600);
        assert_eq!(beyond.iter().sum::<u32>(), 600);
        assert_eq!(beyond.iter().filter(|tries| **tries > 0).count(), 10);
    }

    #[test]
    fn near_the_limit_each_is_asked_about_until_the_window_ends() {
        let allowance = Allowance::default();
        allowance.ask_for_each(&bucket(1), NOW);
        assert_eq!(asked(&allowance, &bucket(1), NOW, 200), [1; 200]);
        let next = NOW + bucket(1).limit.whole();
        assert_eq!(allowance.asks_for(&bucket(1), next), 0);
    }
}
