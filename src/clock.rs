//! The time, from one place, so that a test can have it pass, and be wrong.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use time::{Duration, OffsetDateTime};

/// The system's clock. In tests alone time passes faster, and a clock may be wrong.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    passed_seconds: Arc<AtomicI64>,
    wrong_by: Duration,
}

impl Clock {
    /// Now, in UTC, to the microsecond, as PostgreSQL keeps it.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc() + self.passed() + self.wrong_by;
        now.replace_nanosecond(now.microsecond() * 1_000)
            .unwrap_or(now)
    }

    /// How much time a test had pass: zero otherwise. Where replicas must agree on what time it is,
    /// the database says it; it is told of this, so that a test's time passes there too.
    #[must_use]
    pub fn passed(&self) -> Duration {
        Duration::seconds(self.passed_seconds.load(Ordering::Relaxed))
    }

    /// Has time pass, for all that have this clock.
    pub fn advance(&self, by: Duration) {
        self.passed_seconds
            .fetch_add(by.whole_seconds(), Ordering::Relaxed);
    }

    /// The clock of a machine that is wrong. The same time passes by it.
    #[must_use]
    pub fn wrong_by(&self, wrong_by: Duration) -> Self {
        Self {
            wrong_by,
            ..self.clone()
        }
    }
}
