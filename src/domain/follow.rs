//! Following: what it does, and how followers are counted.

use uuid::Uuid;

/// What a follow did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The edge is new.
    Created,
    /// It was there already.
    Already,
}

/// How many rows share the count of one person's followers.
pub const SLOTS: u8 = 16;

/// How many more do while a follower's own row is held by somebody else. A spare row is there only
/// beside that own row, so that whoever counts many edges out at once finds one to take from.
pub const SPARE_SLOTS: u8 = 48;

/// The slot in which `follower` is counted: the low bits of its id, which are random. What counts
/// is the sum over a person's slots: one alone may be below zero, when a follow gave to a spare one.
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
