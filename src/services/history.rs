//! What happened to one's account.

use super::view::View;
use crate::{
    Result,
    domain::history::{HistoryPage, KEPT, page},
    error::{Broken, FieldErrors},
    storage::history,
};
use uuid::Uuid;

/// How much of the log is read for one page: more failures in a row become a second line.
const STRETCH: usize = 500;

/// One page of the security history of who is looking, newest first, from this place on.
pub async fn list(view: View, before: Option<Uuid>) -> Result<HistoryPage> {
    let from = view.now - KEPT;
    let most = STRETCH as u64 + 1;
    let mut read = history::read(&*view.db, view.who, from, before, most).await?;
    let more = read.len() > STRETCH;
    read.truncate(STRETCH);
    Ok(page(read, more))
}

/// The place that the `cursor` of the page before names.
///
/// # Errors
/// `Validation` for a cursor that was not given out.
pub fn place(cursor: Option<&str>) -> Result<Option<Uuid>> {
    cursor.map(Uuid::try_parse).transpose().map_err(|_| {
        let broken = Broken::new(
            "invalid_cursor",
            "Send a cursor as it was given, or leave it out",
        );
        FieldErrors::one("cursor", broken)
    })
}
