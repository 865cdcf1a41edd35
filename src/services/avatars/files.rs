//! The pictures' files: `NAME.jpg` of the full size, and `NAME-SIDE.jpg` of the smaller ones.

use super::picture::SIZES;
use crate::{App, Error, Result};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Writes all sizes of a picture, each complete before it has its name.
pub(super) async fn write(app: &App, name: &str, sizes: Vec<Vec<u8>>) -> Result<()> {
    let folder = app.config.avatar_store.clone();
    let names = names(name);
    blocking(move || {
        std::fs::create_dir_all(&folder)?;
        names
            .iter()
            .zip(sizes)
            .try_for_each(|(name, jpeg)| write_one(&folder, name, &jpeg))
    })
    .await
    // A full disk passes by itself; the old picture is untouched.
    .map_err(Error::unavailable)
}

fn write_one(folder: &Path, name: &str, jpeg: &[u8]) -> io::Result<()> {
    let unique = uuid::Uuid::new_v4();
    let temporary = folder.join(format!(".{unique}.tmp"));
    let outcome = (|| {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(jpeg)?;
        file.sync_all()?;
        std::fs::rename(&temporary, folder.join(name))
    })();
    if outcome.is_err() {
        std::fs::remove_file(&temporary).ok();
    }
    outcome
}

/// Deletes all sizes of these pictures. What can't be deleted is logged and left.
pub(super) async fn delete(app: &App, pictures: &[String]) {
    if let Err(error) = erase(app, pictures).await {
        tracing::warn!(%error, "could not delete all files of a picture");
    }
}

/// Deletes all sizes of these pictures, and says so when one is still there.
pub(super) async fn erase(app: &App, pictures: &[String]) -> io::Result<()> {
    let folder = app.config.avatar_store.clone();
    let files: Vec<PathBuf> = pictures
        .iter()
        .flat_map(|picture| names(picture))
        .map(|name| folder.join(name))
        .collect();
    blocking(move || {
        let mut outcome = Ok(());
        for file in files {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => outcome = Err(error),
                _ => {}
            }
        }
        outcome
    })
    .await
}

/// The bytes of a file that we could have written.
pub(super) async fn read(app: &App, name: &str) -> Result<Vec<u8>> {
    if !is_ours(name) {
        return Err(Error::NotFound);
    }
    match tokio::fs::read(app.config.avatar_store.join(name)).await {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound),
        Err(error) => Err(Error::unavailable(error)),
    }
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

/// 32 hex digits, a size or none, `.jpg`: nothing that could leave the folder.
fn is_ours(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".jpg") else {
        return false;
    };
    let (hash, side) = stem.split_once('-').unwrap_or((stem, ""));
    hash.len() == 32
        && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        && (stem == hash || SIZES[1..].iter().any(|size| size.to_string() == side))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_give_are_ours() {
        let hash = "0123456789abcdef0123456789abcdef";
        for name in names(&format!("{hash}.jpg")) {
            assert!(is_ours(&name), "{name}");
        }
        for bad in [
            String::new(),
            ".jpg".into(),
            format!("{hash}.png"),
            format!("{hash}-400.jpg"),
            format!("{hash}-.jpg"),
            format!("../{hash}.jpg"),
            format!("{}.jpg", hash.to_uppercase()),
            format!("{}.jpg", "/".repeat(32)),
        ] {
            assert!(!is_ours(&bad), "{bad}");
        }
    }
}
