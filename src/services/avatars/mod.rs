//! Pictures: taking one, giving it out, taking it away.

mod bucket;
mod files;
mod folder;
mod found;
mod picture;
mod sweep;

pub use picture::{ImagePool, SIZES};
pub use sweep::{count_from_zero, sweep};

use super::{
    cache::{self, Change},
    sessions,
    throttle::{self, Action},
};
use crate::{
    App, Error, Result, database,
    domain::profile::ProfileChange,
    storage::{avatars, profiles},
};
use std::time::Duration;
use uuid::Uuid;

/// The largest picture taken, in bytes.
pub const MAX_BYTES: usize = 2_097_152;
/// How many pictures of a person are kept: the one shown, and the one before, which pages that
/// are still open may ask for.
const KEPT: usize = 2;
/// How long a new picture may take until it is in its place. With the time that the store has to
/// delete older ones that is below the 10 s in which every request ends.
const WITHIN: Duration = Duration::from_secs(6);

/// Replaces the viewer's picture and gives its address. A bad upload leaves the old one untouched.
///
/// # Errors
/// `AvatarTooLarge`; `AvatarInvalid`; `RateLimited` beyond the limit of the account, and while other
/// pictures of it are in the making; `Unauthenticated` when the session has ended or the account is gone;
/// `Unavailable` when the store or the database is.
pub async fn replace(app: &App, viewer: Uuid, session_id: Uuid, upload: Vec<u8>) -> Result<String> {
    if upload.len() > MAX_BYTES {
        return Err(Error::AvatarTooLarge);
    }
    let in_place = tokio::time::timeout(WITHIN, async {
        throttle::check(app, Action::Upload(viewer)).await?;
        let sizes = app.images.make(viewer, upload).await?;
        // Never a name that was there before: what is deleted beside this is another file.
        let name = format!("{}.jpg", Uuid::new_v4().simple());
        // Complete before the row that names it, and outside of its transaction: a slow store
        // holds no lock and no connection. What is then not named goes to the sweeper.
        files::write(app, &name, sizes).await?;
        show(app, viewer, session_id, &name).await
    });
    let (url, stale) = in_place.await.map_err(Error::unavailable)??;
    files::delete(app, &stale).await;
    Ok(url)
}

/// Shows a picture whose files are there. Gives its address, and the pictures that are not kept any
/// more.
async fn show(
    app: &App,
    viewer: Uuid,
    session_id: Uuid,
    name: &str,
) -> Result<(String, Vec<String>)> {
    let url = format!("{}/avatars/{name}", app.config.public_url);
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    if !avatars::lock_owner(&tx, viewer).await? {
        return Err(Error::Unauthenticated);
    }
    sessions::hold(&tx, session_id).await?;
    let before = avatars::issued(&tx, viewer).await?;
    let stale: Vec<String> = before.into_iter().skip(KEPT - 1).collect();
    avatars::forget(&tx, viewer, &stale).await?;
    avatars::issue(&tx, viewer, name, now).await?;
    let change = ProfileChange {
        avatar_url: Some(Some(url.clone())),
        ..ProfileChange::default()
    };
    profiles::update(&tx, viewer, &change, now).await?;
    cache::commit(app, tx, &[Change::Person(viewer)]).await?;
    Ok((url, stale))
}

/// Takes the viewer's picture away, and every file of it. Without one nothing happens.
///
/// # Errors
/// `Unauthenticated` when the session has ended or the account is gone.
pub async fn remove(app: &App, viewer: Uuid, session_id: Uuid) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    if !avatars::lock_owner(&tx, viewer).await? {
        return Err(Error::Unauthenticated);
    }
    sessions::hold(&tx, session_id).await?;
    let issued = avatars::issued(&tx, viewer).await?;
    avatars::forget(&tx, viewer, &issued).await?;
    let change = ProfileChange {
        avatar_url: Some(None),
        ..ProfileChange::default()
    };
    profiles::update(&tx, viewer, &change, app.clock.now()).await?;
    cache::commit(app, tx, &[Change::Person(viewer)]).await?;
    files::delete(app, &issued).await;
    Ok(())
}

/// Deletes every file of pictures whose rows are gone. What can't be deleted is left to the sweeper.
pub(super) async fn delete(app: &App, pictures: &[String]) {
    files::delete(app, pictures).await;
}

/// The full size of every picture that a person has here; what is not there is left out.
pub(super) async fn all_of(app: &App, owner: Uuid) -> Result<Vec<(String, Vec<u8>)>> {
    let issued = avatars::issued(&app.db.get().await?, owner).await?;
    let mut pictures = Vec::new();
    for name in issued {
        match files::read(app, &name).await {
            Ok(bytes) => pictures.push((name, bytes)),
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(pictures)
}

/// The JPEG with this name.
///
/// # Errors
/// `NotFound`, also for every name that we would not give.
pub async fn read(app: &App, name: &str) -> Result<Vec<u8>> {
    files::read(app, name).await
}
