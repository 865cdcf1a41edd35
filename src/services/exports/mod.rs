//! A copy of everything about an account, for its owner: asking for one, and getting it.

mod archive;
mod make;

pub use crate::storage::exports::{Claimed, Export, LIFETIME, PAUSE};
pub use make::{claim_next, make};

use super::{sessions, view::View};
use crate::{
    App, Error, Result, database,
    storage::{Who, audit, exports},
};
use futures_util::{Stream, stream};
use std::io;
use uuid::Uuid;

/// Asks for a copy, which is then made in the background. While one is being made it is the answer.
///
/// # Errors
/// `RateLimited` when the last one was asked for less than [`PAUSE`] ago, `Unauthenticated` when the
/// session has ended or the account is gone.
pub async fn request(app: &App, user_id: Uuid, session_id: Uuid) -> Result<Export> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    sessions::hold(&tx, session_id).await?;
    let is_new = exports::request(&tx, user_id, now)
        .await
        .map_err(|error| error.on_constraint("exports_user_id_fkey", Error::Unauthenticated))?;
    if is_new {
        let event = audit::Event::ExportRequested;
        audit::append(&tx, user_id, Some(session_id), event, None, now).await?;
    }
    let export = exports::of(&tx, Who::Account(user_id), now).await?;
    let export = export.ok_or_else(|| Error::unavailable("the copy ran out just now"))?;
    database::commit(tx).await?;
    if export.ready_at.is_some() {
        let wait = (export.requested_at + PAUSE - now).unsigned_abs();
        return Err(Error::RateLimited { retry_after: wait });
    }
    app.export_owed.notify_one();
    Ok(export)
}

/// The copy of who is looking, ready or being made; none was asked for, or it is gone.
pub async fn of(view: View) -> Result<Option<Export>> {
    exports::of(&*view.db, view.who, view.now).await
}

/// A copy that is ready, piece by piece: however large it is, one piece is in memory. For who entered
/// their password lately.
pub fn pieces(
    app: &App,
    user_id: Uuid,
    export: &Export,
) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + use<> {
    let (app, attempt) = (app.clone(), export.attempt);
    stream::try_unfold(0, move |number| {
        let app = app.clone();
        async move {
            let piece = piece(&app, user_id, attempt, number).await;
            let piece = piece.map_err(io::Error::other)?;
            Ok(piece.map(|bytes| (bytes, number + 1)))
        }
    })
}

async fn piece(app: &App, user_id: Uuid, attempt: i32, number: i32) -> Result<Option<Vec<u8>>> {
    exports::part(&app.db.get().await?, user_id, attempt, number).await
}
