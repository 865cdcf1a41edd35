//! A sieve before a limit: small numbers pass without a question to the database.

use crate::storage::rate_limits::Bucket;
use std::sync::atomic::{AtomicU64, Ordering};
use time::OffsetDateTime;

/// What part of a limit passes: one in so many.
const SHARE: u32 = 10;
/// More callers at once than this share counters, and are asked about sooner. A power of two.
const SLOTS: usize = 4_096;
const HALF: u64 = u32::MAX as u64;

/// Counters of one replica, by caller. A replica lets a tenth of a limit pass by itself; the
/// database counts what goes beyond, so that all of them together admit little more than the limit.
pub(super) struct Sieve(Box<[AtomicU64]>);

impl Default for Sieve {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Sieve {
    /// Counts one more, and says whether so few are not worth asking about. The count starts
    /// anew each time that a bucket takes to fill up.
    pub(super) fn passes(&self, bucket: &Bucket, now: OffsetDateTime) -> bool {
        let long = bucket.limit.whole().whole_seconds().max(1);
        // The upper half of a slot says which window it counts, the lower half how many.
        let window = (now.unix_timestamp().unsigned_abs() / long.unsigned_abs()) & HALF;
        let count_of = |slot: u64| if slot >> 32 == window { slot & HALF } else { 0 };
        let [a, b, ..] = bucket.key;
        let slot = &self.0[usize::from(u16::from_be_bytes([a, b])) % SLOTS];
        let one_more = |slot| Some((window << 32) | (count_of(slot) + 1).min(HALF));
        let before = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        let before = before.unwrap_or_else(|slot| slot);
        count_of(before) < u64::from(bucket.limit.burst / SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::{Limits, Rule};
    use time::macros::datetime;

    #[test]
    fn a_tenth_of_a_limit_passes_and_a_new_window_counts_anew() {
        let (sieve, limit) = (Sieve::default(), Limits::default().of(Rule::RefreshAddress));
        let bucket = |key| Bucket { key, limit };
        let now = datetime!(2026-01-02 03:04:00 UTC);
        let passed = |key, now| {
            (0..1_000)
                .filter(|_| sieve.passes(&bucket(key), now))
                .count()
        };
        assert_eq!(passed([1; 32], now), 300);
        assert_eq!(passed([1; 32], now), 0);
        assert_eq!(passed([2; 32], now), 300);
        assert_eq!(passed([1; 32], now + limit.whole()), 300);
    }
}
