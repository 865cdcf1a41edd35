//! Times in words.

use time::OffsetDateTime;

/// A day in UTC: "22 November 2026".
#[must_use]
pub fn day(at: OffsetDateTime) -> String {
    let date = at.to_offset(time::UtcOffset::UTC).date();
    format!("{} {} {}", date.day(), date.month(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_day_is_told_in_utc() {
        assert_eq!(day(datetime!(2026-11-02 03:00 UTC)), "2 November 2026");
        assert_eq!(day(datetime!(2026-11-02 03:00 +4)), "1 November 2026");
    }
}
