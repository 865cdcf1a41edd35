//! Pictures: taking one, giving it out, taking it away.

mod files;
mod picture;

pub use picture::{ImagePool, SIZES};

use crate::{
    App, Error, Result,
    domain::profile::ProfileChange,
    storage::{self, GenericClient, avatars, profiles},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The largest picture taken, in bytes.
pub const MAX_BYTES: usize = 2_097_152;
/// How many pictures of a person are kept: the one shown, and the one before, which pages that
/// are still open may ask for.
const KEPT: usize = 2;

/// Replaces the viewer's picture and gives its address. A bad upload leaves the old one untouched.
///
/// # Errors
/// `AvatarTooLarge`, `AvatarInvalid`, `Unauthenticated` when the account is gone.
pub async fn replace(app: &App, viewer: Uuid, upload: Vec<u8>) -> Result<String> {
    if upload.len() > MAX_BYTES {
        return Err(Error::AvatarTooLarge);
    }
    let sizes = app.images.make(upload).await?;
    let name = name(viewer, &sizes[0]);
    let url = format!("{}/avatars/{name}", app.config.public_url);
    let now = app.clock.now();

    let mut client = app.db.get().await?;
    let tx = storage::begin(&mut client).await?;
    if !avatars::lock_owner(&tx, viewer).await? {
        return Err(Error::Unauthenticated);
    }
    // Under the lock, so that files of one person come and go one after another. The file is
    // complete on disk before the row that names it.
    files::write(app, &name, sizes).await?;
    avatars::issue(&tx, viewer, &name, now).await?;
    let change = ProfileChange {
        avatar_url: Some(Some(url.clone())),
        ..ProfileChange::default()
    };
    profiles::update(&tx, viewer, &change, now).await?;
    let issued = avatars::issued(&tx, viewer).await?;
    // The new one is never stale, also when another replica's clock, ahead of ours, dated the others.
    let others = issued.into_iter().filter(|other| *other != name);
    let stale: Vec<String> = others.skip(KEPT - 1).collect();
    avatars::forget(&tx, viewer, &stale).await?;
    files::delete(app, &stale).await;
    storage::commit(tx).await?;
    Ok(url)
}

/// Takes the viewer's picture away, and every file of it. Without one nothing happens.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn remove(app: &App, viewer: Uuid) -> Result<()> {
    let mut client = app.db.get().await?;
    let tx = storage::begin(&mut client).await?;
    if !avatars::lock_owner(&tx, viewer).await? {
        return Err(Error::Unauthenticated);
    }
    let issued = avatars::issued(&tx, viewer).await?;
    avatars::forget(&tx, viewer, &issued).await?;
    let change = ProfileChange {
        avatar_url: Some(None),
        ..ProfileChange::default()
    };
    profiles::update(&tx, viewer, &change, app.clock.now()).await?;
    storage::commit(tx).await?;
    files::delete(app, &issued).await;
    Ok(())
}

/// Deletes every file of a person that is about to go, whose account is locked.
///
/// # Errors
/// `Unavailable` when one is still there.
pub(super) async fn erase(app: &App, db: &impl GenericClient, owner: Uuid) -> Result<()> {
    let issued = avatars::issued(db, owner).await?;
    files::erase(app, &issued).await.map_err(Error::unavailable)
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

/// Content-addressed, and different for two people with the same picture, so that one's removal
/// is not the other's.
fn name(owner: Uuid, jpeg: &[u8]) -> String {
    use std::fmt::Write;
    let digest = Sha256::new()
        .chain_update(owner.as_bytes())
        .chain_update(jpeg)
        .finalize();
    let mut name = digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    name.push_str(".jpg");
    name
}
