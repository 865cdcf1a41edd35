//! Times in words.

use time::OffsetDateTime;

/// A day in UTC: "22 November 2026".
#[must_use]
pub fn day(at: OffsetDateTime) -> String {
    let date = at.to_offset(time::UtcOffset::UTC).date();
    format!("{} {} {}", date.day(), date.month(), date.year())
}

/// A day and a time in UTC: "22 November 2026, 03:04 UTC". Right wherever the reader is.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    let time = at.to_offset(time::UtcOffset::UTC).time();
    format!("{}, {:02}:{:02} UTC", day(at), time.hour(), time.minute())
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

    #[test]
    fn so_is_a_moment() {
        let at = datetime!(2026-11-02 03:04:59 +4);
        assert_eq!(moment(at), "1 November 2026, 23:04 UTC");
    }
}
