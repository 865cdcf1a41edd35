//! A moment in words.

use crate::{Error, Result};
use time::{OffsetDateTime, macros::format_description};

/// A day and a time: "6 December 2026, 18:30 UTC".
pub(super) fn moment(at: OffsetDateTime) -> Result<String> {
    let format =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    at.to_offset(time::UtcOffset::UTC)
        .format(format)
        .map_err(Error::internal)
}
