//! How often something may be done: the limits and their defaults.

mod limits;
mod rules;

pub use limits::Limits;
pub use rules::{DEFAULTS, KeyedBy, RULES, Row, Rule};

use time::Duration;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

/// A bucket of tries that fills up again one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many tries a full bucket holds.
    pub burst: u32,
    /// How long until one more is in it.
    pub step: Duration,
}

impl Limit {
    const fn new(burst: u32, more: i64, period: i64) -> Self {
        Self {
            burst,
            step: Duration::microseconds(period * 1_000_000 / more),
        }
    }

    /// How long an empty bucket takes to be full again.
    #[must_use]
    pub fn whole(self) -> Duration {
        self.step
            .saturating_mul(i32::try_from(self.burst).unwrap_or(i32::MAX))
    }

    /// The same bucket counted in rations of so many tries.
    #[must_use]
    pub fn in_rations_of(self, tries: u32) -> Self {
        Self {
            burst: self.burst / tries,
            step: self
                .step
                .saturating_mul(i32::try_from(tries).unwrap_or(i32::MAX)),
        }
    }

    /// Reads `45+12/h`: 45 at once, then 12 an hour (or `/s`, `/m`, `/d`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (burst, rate) = text.split_once('+')?;
        let (more, unit) = rate.split_once('/')?;
        let period = seconds_of(unit)?;
        let few = |text: &str| {
            text.parse()
                .ok()
                .filter(|count| (1..=1_000_000).contains(count))
        };
        Some(Self::new(few(burst)?, few(more)?.into(), period))
    }
}

/// How long a unit of time is, by its letter.
const fn seconds_of(unit: &str) -> Option<i64> {
    match unit.as_bytes() {
        b"s" => Some(1),
        b"m" => Some(MINUTE),
        b"h" => Some(HOUR),
        b"d" => Some(24 * HOUR),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_burst_and_a_rate() {
        let limit = Limit::new(45, 12, HOUR);
        assert_eq!(Limit::parse("45+12/h"), Some(limit));
        assert_eq!(limit.step, Duration::minutes(5));
        assert_eq!(limit.whole(), Duration::minutes(225));
        assert_eq!(limit.in_rations_of(5), Limit::new(9, 12, 5 * HOUR));
        for bad in [
            "",
            "45",
            "45+12",
            "0+12/h",
            "45+0/h",
            "45+12/w",
            "45+12/hour",
            "-1+1/h",
        ] {
            assert_eq!(Limit::parse(bad), None, "{bad}");
        }
    }
}
