//! What happened to one's account.

use crate::{
    App, Result,
    domain::history::{HistoryPage, KEPT, page},
    error::{Broken, FieldErrors},
    storage::history,
};
use uuid::Uuid;

/// How much of the log is read for one page: more failures in a row become a second line.
const STRETCH: usize = 500;

/// One page of the security history of an account, newest first, from where `cursor` of the page
/// before says.
///
/// # Errors
/// `Validation` for a cursor that was not given out.
pub async fn list(app: &App, user_id: Uuid, cursor: Option<&str>) -> Result<HistoryPage> {
    let before = cursor.map(parse).transpose()?;
    let client = app.db.get().await?;
    let from = app.clock.now() - KEPT;
    let mut read = history::read(&client, user_id, from, before, STRETCH as u64 + 1).await?;
    let more = read.len() > STRETCH;
    read.truncate(STRETCH);
    Ok(page(read, more))
}

fn parse(cursor: &str) -> Result<Uuid> {
    Uuid::try_parse(cursor).map_err(|_| {
        let broken = Broken::new(
            "invalid_cursor",
            "Send a cursor as it was given, or leave it out",
        );
        FieldErrors::one("cursor", broken)
    })
}
