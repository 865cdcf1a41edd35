//! The rule of the follow graph's counters.

use uuid::Uuid;

/// How many rows share the count of one person's followers.
pub const SLOTS: u8 = 16;

/// The slot in which `follower` is counted: the low bits of its id, which are random.
/// Always the same for a person, so that an unfollow takes from where the follow gave.
#[must_use]
pub fn slot(follower: Uuid) -> i16 {
    i16::from(follower.as_bytes()[15] % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_is_the_low_half_of_the_last_byte() {
        assert_eq!(slot(Uuid::from_u128(0x3f)), 15);
        assert_eq!(slot(Uuid::from_u128(0x40)), 0);
    }
}
