//! The security history of an account: its log as lines that a person reads.

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long what happened to an account is kept.
pub const KEPT: Duration = Duration::days(180);
/// The lines of a page.
pub const PAGE: usize = 20;
/// Failures this close to each other are one line.
const PAUSE: Duration = Duration::hours(1);
/// The event that is told in summary.
const FAILURE: &str = "log_in_failed";
/// What stands for devices or networks that differ.
const SEVERAL: &str = "several";

/// What the log says happened.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id, which grows with time.
    pub id: Uuid,
    /// The event's stable name.
    pub event: String,
    /// When.
    pub at: OffsetDateTime,
    /// The browser and system in words.
    pub device: Option<String>,
    /// Roughly from where.
    pub network: Option<String>,
    /// What else there is to say.
    pub detail: Option<String>,
}

/// A line of the history: one event, or failed log-ins in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// Its name.
    pub id: Uuid,
    /// What happened, a stable name: `logged_in`, `log_in_failed`, `password_changed`, …
    #[schema(example = "logged_in")]
    pub event: String,
    /// How often; only failed log-ins are counted together.
    pub count: usize,
    /// When it happened first, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub first_at: OffsetDateTime,
    /// When it happened last.
    #[serde(with = "time::serde::rfc3339")]
    pub last_at: OffsetDateTime,
    /// The browser and system in words; `several` when they differ.
    #[schema(required)]
    pub device: Option<String>,
    /// Roughly from where; `several` when they differ.
    #[schema(required)]
    pub network: Option<String>,
    /// What else there is to say.
    #[schema(required)]
    pub detail: Option<String>,
}

/// One page of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HistoryPage {
    /// The lines, newest first.
    pub items: Vec<Line>,
    /// Where the page after this one begins; `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<Uuid>,
}

/// A page of what was read, newest first. `more` says whether the log goes on behind it.
#[must_use]
pub fn page(entries: Vec<Entry>, more: bool) -> HistoryPage {
    let mut items: Vec<Line> = Vec::new();
    let mut last_read = None;
    for entry in entries {
        let is_full = items.len() == PAGE;
        match items.last_mut() {
            Some(line) if line.takes(&entry) => line.take(&entry),
            _ if is_full => {
                let next_cursor = last_read;
                return HistoryPage { items, next_cursor };
            }
            _ => items.push(Line::of(&entry)),
        }
        last_read = Some(entry.id);
    }
    let next_cursor = last_read.filter(|_| more);
    HistoryPage { items, next_cursor }
}

impl Line {
    fn of(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            event: entry.event.clone(),
            count: 1,
            first_at: entry.at,
            last_at: entry.at,
            device: entry.device.clone(),
            network: entry.network.clone(),
            detail: entry.detail.clone(),
        }
    }

    /// Whether an older entry belongs to the same row of failures.
    fn takes(&self, older: &Entry) -> bool {
        self.event == FAILURE && older.event == FAILURE && self.first_at - older.at <= PAUSE
    }

    fn take(&mut self, older: &Entry) {
        self.count += 1;
        self.first_at = older.at;
        for (mine, theirs) in [
            (&mut self.device, &older.device),
            (&mut self.network, &older.network),
        ] {
            if mine != theirs {
                *mine = Some(SEVERAL.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-01-02 12:00 UTC);

    /// An entry so many minutes before noon.
    fn entry(event: &str, minutes: i64, device: &str) -> Entry {
        Entry {
            id: Uuid::from_u128(u128::MAX - u128::from(minutes.unsigned_abs())),
            event: event.to_owned(),
            at: NOON - Duration::minutes(minutes),
            device: Some(device.to_owned()),
            network: Some("203.0.113.0/24".to_owned()),
            detail: None,
        }
    }

    #[test]
    fn failures_in_a_row_are_one_line_until_an_hour_passes_without() {
        let read = vec![
            entry("log_in_failed", 1, "Lynx"),
            entry("log_in_failed", 61, "curl"),
            entry("log_in_failed", 122, "curl"),
            entry("logged_in", 123, "curl"),
            entry("log_in_failed", 124, "curl"),
            entry("log_in_failed", 125, "curl"),
        ];
        let page = page(read, false);
        let told: Vec<_> = page
            .items
            .iter()
            .map(|line| (line.event.as_str(), line.count, line.device.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("log_in_failed", 2, Some("several")),
                ("log_in_failed", 1, Some("curl")),
                ("logged_in", 1, Some("curl")),
                ("log_in_failed", 2, Some("curl")),
            ]
        );
        assert_eq!(page.items[0].first_at, NOON - Duration::minutes(61));
        assert_eq!(page.items[0].last_at, NOON - Duration::minutes(1));
        assert_eq!(page.items[0].network.as_deref(), Some("203.0.113.0/24"));
        assert_eq!(page.next_cursor, None);
    }

    #[test]
    fn the_next_page_begins_after_the_last_entry_of_this_one() {
        let read: Vec<_> = (0..22).map(|n| entry("logged_in", n, "curl")).collect();
        let ids: Vec<_> = read.iter().map(|entry| entry.id).collect();
        let first = page(read.clone(), false);
        assert_eq!((first.items.len(), first.next_cursor), (20, Some(ids[19])));
        let whole = page(read[..20].to_vec(), false);
        assert_eq!((whole.items.len(), whole.next_cursor), (20, None));
        let cut = page(read[..3].to_vec(), true);
        assert_eq!((cut.items.len(), cut.next_cursor), (3, Some(ids[2])));
    }
}
