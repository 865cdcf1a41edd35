//! A time as pages show it.

use crate::domain::when;
use askama::{Template, filters::HtmlSafe};
use time::{Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A time, for people and for machines.
#[derive(Debug, Clone, Copy, Template)]
#[template(
    source = r#"<time datetime="{{ self.exact() }}">{{ self.in_words() }}</time>"#,
    ext = "html"
)]
pub(in crate::web) struct When(pub(in crate::web) OffsetDateTime);

impl HtmlSafe for When {}

impl When {
    fn exact(self) -> String {
        let utc = self.0.to_offset(UtcOffset::UTC);
        utc.format(&Rfc3339).unwrap_or_default()
    }

    fn in_words(self) -> String {
        when::moment(self.0)
    }

    /// How long ago it was: `5 minutes ago`.
    pub(in crate::web) fn ago(self, now: OffsetDateTime) -> String {
        let ago = now - self.0;
        let (count, unit) = if ago < Duration::minutes(2) {
            return "just now".to_owned();
        } else if ago < Duration::hours(2) {
            (ago.whole_minutes(), "minutes")
        } else if ago < Duration::days(2) {
            (ago.whole_hours(), "hours")
        } else {
            (ago.whole_days(), "days")
        };
        format!("{count} {unit} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_are_told_in_words() {
        let at = datetime!(2026-01-02 04:04:05 +1);
        assert_eq!(
            When(at).render().unwrap_or_default(),
            r#"<time datetime="2026-01-02T03:04:05Z">2 January 2026, 03:04 UTC</time>"#
        );
        for (seconds, words) in [
            (-5, "just now"),
            (119, "just now"),
            (120, "2 minutes ago"),
            (7_199, "119 minutes ago"),
            (7_200, "2 hours ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(When(at).ago(at + Duration::seconds(seconds)), words);
        }
    }
}
