//! Whether guesses are limited.

use super::Finding;
use crate::Config;

pub(super) fn check(config: &Config) -> Finding {
    if config.rate_limits {
        Finding::ok("the service's own limits are on")
    } else {
        Finding::warn(
            "RATE_LIMITS=off: passwords may be guessed as fast as they are hashed",
            "switch them on, except for tests",
        )
    }
}
