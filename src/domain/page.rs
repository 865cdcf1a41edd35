//! Where in a list a request stands: a page number, or a cursor.

use crate::error::{Broken, FieldErrors, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use time::OffsetDateTime;
use uuid::Uuid;

/// The highest page number; deeper, the cursor goes on at constant cost.
pub const MAX_PAGE: u32 = 10_000;
/// The most people a page can have.
pub const MAX_PAGE_SIZE: u32 = 100;
/// The people on a page when nothing is asked.
pub const DEFAULT_PAGE_SIZE: u32 = 20;

/// A point in a list that is ordered newest first, by time and then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the last edge of the page before was made.
    pub created_at: OffsetDateTime,
    /// Whom that edge belongs to.
    pub id: Uuid,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The page with this number, from 1.
    Number(u32),
    /// After this point.
    After(Cursor),
}

/// A checked request for one page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Where it begins.
    pub start: Start,
    /// How many it holds, 1 to [`MAX_PAGE_SIZE`].
    pub size: u32,
}

impl Position {
    /// Checks `page`, `page_size` and `cursor` as they stand in the query. A cursor wins over a page.
    pub fn parse(page: Option<&str>, size: Option<&str>, cursor: Option<&str>) -> Result<Self> {
        let mut errors = FieldErrors::default();
        let page = errors.take("page", whole_number(page, 1, 1, MAX_PAGE));
        let size = errors.take(
            "page_size",
            whole_number(size, DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE),
        );
        let cursor = errors.take("cursor", cursor.map(Cursor::parse).transpose());
        let (Some(page), Some(size), Some(cursor)) = (page, size, cursor) else {
            return Err(errors.into_error());
        };
        let start = cursor.map_or(Start::Number(page), Start::After);
        Ok(Self { start, size })
    }

    /// The page's number, if it has one.
    #[must_use]
    pub fn page(&self) -> Option<u32> {
        match self.start {
            Start::Number(page) => Some(page),
            Start::After(_) => None,
        }
    }

    /// Cuts off the row beyond the page that was read to know whether it is the last. Gives the cursor of
    /// the next page then; none after the last.
    pub fn cut<T>(&self, rows: &mut Vec<T>, place: impl FnOnce(&T) -> Cursor) -> Option<String> {
        let size = self.size as usize;
        let has_next = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| has_next)?;
        Some(place(last).encode())
    }
}

impl Default for Position {
    /// The first page.
    fn default() -> Self {
        Self {
            start: Start::Number(1),
            size: DEFAULT_PAGE_SIZE,
        }
    }
}

fn whole_number(text: Option<&str>, default: u32, min: u32, max: u32) -> Result<u32, Broken> {
    let Some(text) = text else { return Ok(default) };
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(n) if digits && (min..=max).contains(&n) => Ok(n),
        _ => Err(Broken::new(
            "out_of_range",
            format!("Send a whole number from {min} to {max}"),
        )),
    }
}

impl Cursor {
    /// Reads a cursor that [`Cursor::encode`] wrote.
    pub fn parse(text: &str) -> Result<Self, Broken> {
        Self::decode(text).ok_or_else(|| {
            Broken::new(
                "invalid_cursor",
                "Send a cursor as it was given, or leave it out",
            )
        })
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (micros, id) = bytes.split_at_checked(8)?;
        let micros = i64::from_be_bytes(micros.try_into().ok()?);
        let created_at =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()?;
        // Before the year 1970 or beyond 9999 no edge was made, and PostgreSQL's range ends elsewhere.
        (micros >= 0).then_some(())?;
        Some(Self {
            created_at,
            id: Uuid::from_slice(id).ok()?,
        })
    }

    /// The cursor as URL-safe text: microseconds (as PostgreSQL keeps them) and id.
    #[must_use]
    pub fn encode(&self) -> String {
        // i64 holds the microseconds of any year that `time` knows.
        #[allow(clippy::cast_possible_truncation)]
        let micros = (self.created_at.unix_timestamp_nanos() / 1_000) as i64;
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&micros.to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use time::macros::datetime;

    #[test]
    fn a_cursor_survives_the_round_trip() {
        let cursor = Cursor {
            created_at: datetime!(2026-11-22 10:20:30.123456 UTC),
            id: Uuid::from_u128(7),
        };
        assert_eq!(Cursor::parse(&cursor.encode()), Ok(cursor));
    }

    #[test]
    fn a_forged_cursor_is_refused() {
        let early = BASE64_URL_SAFE_NO_PAD.encode([0xff; 24]);
        let late = BASE64_URL_SAFE_NO_PAD.encode([0x7f; 24]);
        for bad in ["", "a", "%%%", "AAAA", &"A".repeat(33), &early, &late] {
            assert!(Cursor::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_broken_parameters_are_reported_at_once() {
        let Err(Error::Validation(errors)) = Position::parse(Some("0"), Some("101"), Some("x"))
        else {
            unreachable!("three bad parameters")
        };
        assert_eq!(errors.entries().len(), 3);
    }

    #[test]
    fn odd_numbers_are_refused() {
        for bad in [
            "",
            "0",
            "-1",
            "+1",
            "1e9",
            "0x10",
            "１２",
            "10001",
            "9223372036854775808",
            " 1",
        ] {
            assert!(Position::parse(Some(bad), None, None).is_err(), "{bad}");
        }
        assert!(Position::parse(Some("10000"), Some("100"), None).is_ok());
    }
}
