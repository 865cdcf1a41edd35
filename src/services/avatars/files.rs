//! The pictures' files: `NAME.jpg` of the full size, and `NAME-SIDE.jpg` of the smaller ones, in a
//! folder or in a bucket.

use super::{bucket, folder, found::Found, picture::SIZES};
use crate::{
    App, Error, Result,
    config::{AvatarStore, Secret},
};
use futures_util::stream::BoxStream;
use std::{io, time::Duration};

/// How long the store may take for what a request waits for.
const WITHIN: Duration = Duration::from_secs(3);
/// Writes all sizes of a picture. When it fails some may be there.
///
/// # Errors
/// `Unavailable`: a full disk or a store that is away passes by itself.
pub(super) async fn write(app: &App, picture: &str, sizes: Vec<Vec<u8>>) -> Result<()> {
    let files: Vec<_> = names(picture).into_iter().zip(sizes).collect();
    in_time(async {
        match &app.config.avatar_store {
            AvatarStore::Folder(path) => folder::write(path, files).await,
            AvatarStore::Bucket(Secret(store)) => bucket::write(store, files).await,
        }
    })
    .await
    .map_err(Error::unavailable)
}

/// The bytes of a file that we could have written.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub(super) async fn read(app: &App, name: &str) -> Result<Vec<u8>> {
    if !is_ours(name) {
        return Err(Error::NotFound);
    }
    let bytes = in_time(async {
        match &app.config.avatar_store {
            AvatarStore::Folder(path) => folder::read(path, name).await,
            AvatarStore::Bucket(Secret(store)) => bucket::read(store, name).await,
        }
    });
    match bytes.await {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound),
        Err(error) => Err(Error::unavailable(error)),
    }
}

/// Deletes all sizes of pictures that no row names. What can't be deleted is logged and left to the
/// sweeper.
pub(super) async fn delete(app: &App, pictures: &[String]) {
    let files = pictures.iter().flat_map(|picture| names(picture)).collect();
    if let Err(error) = in_time(remove(app, files)).await {
        tracing::warn!(%error, "could not delete all files of a picture");
    }
}

/// Deletes files, however long it takes; those that are not there are gone already. Goes on after a
/// failure, and gives the last one.
pub(super) async fn remove(app: &App, files: Vec<String>) -> io::Result<()> {
    match &app.config.avatar_store {
        AvatarStore::Folder(path) => folder::remove(path, files).await,
        AvatarStore::Bucket(Secret(store)) => bucket::remove(store, files).await,
    }
}

/// Everything that is in the store, in no order, a page at a time.
pub(super) fn list(app: &App) -> BoxStream<'static, io::Result<Found>> {
    match &app.config.avatar_store {
        AvatarStore::Folder(path) => folder::list(path.clone()),
        AvatarStore::Bucket(Secret(store)) => bucket::list(store),
    }
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let outcome = tokio::time::timeout(WITHIN, work).await;
    outcome.unwrap_or_else(|late| Err(late.into()))
}

/// The file names of all sizes of a picture, in the order of [`SIZES`].
fn names(picture: &str) -> Vec<String> {
    let stem = picture.trim_end_matches(".jpg");
    SIZES
        .iter()
        .map(|side| {
            if *side == SIZES[0] {
                format!("{stem}.jpg")
            } else {
                format!("{stem}-{side}.jpg")
            }
        })
        .collect()
}

/// The picture that a file is a size of; none for a name that we would not give.
pub(super) fn picture_of(file: &str) -> Option<String> {
    let stem = file.strip_suffix(".jpg")?;
    let (id, side) = stem.split_once('-').unwrap_or((stem, ""));
    let is_plain = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_size = stem == id || SIZES[1..].iter().any(|size| size.to_string() == side);
    (is_plain && is_size).then(|| format!("{id}.jpg"))
}

/// 32 hex digits, a size or none, `.jpg`: nothing that could leave the folder.
fn is_ours(name: &str) -> bool {
    picture_of(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_give_are_ours() {
        let id = "0123456789abcdef0123456789abcdef";
        let picture = format!("{id}.jpg");
        for name in names(&picture) {
            assert_eq!(picture_of(&name).as_ref(), Some(&picture), "{name}");
        }
        for bad in [
            String::new(),
            ".jpg".into(),
            format!("{id}.png"),
            format!("{id}-400.jpg"),
            format!("{id}-.jpg"),
            format!("../{id}.jpg"),
            format!("{}.jpg", id.to_uppercase()),
            format!("{}.jpg", "/".repeat(32)),
        ] {
            assert!(!is_ours(&bad), "{bad}");
        }
    }
}
