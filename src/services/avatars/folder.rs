//! Pictures in a folder that all replicas share.

use super::found::{Found, MAX_FILE, require_picture};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use tokio::{
    fs::{DirEntry, ReadDir},
    io::AsyncReadExt,
};

/// What the name of a file that is being written ends with.
const UNFINISHED: &str = ".tmp";

/// Writes files, each complete on the disk before it has its name.
pub(super) async fn write(folder: &Path, files: Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let folder = folder.to_owned();
    blocking(move || {
        fs::create_dir_all(&folder)?;
        for (name, bytes) in files {
            write_one(&folder, &name, &bytes)?;
        }
        // The names too.
        File::open(folder)?.sync_all()
    })
    .await
}

fn write_one(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!(".{}{UNFINISHED}", uuid::Uuid::new_v4()));
    let outcome = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(name))
    })();
    if outcome.is_err() {
        fs::remove_file(&temporary).ok();
    }
    outcome
}

/// Whether this is the name of a file that was being written.
pub(super) fn is_unfinished(name: &str) -> bool {
    let id = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(UNFINISHED));
    id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
}

pub(super) async fn read(folder: &Path, name: &str) -> io::Result<Vec<u8>> {
    let file = tokio::fs::File::open(folder.join(name)).await?;
    require_picture(file.metadata().await?.len())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Deletes files, as many as it can.
pub(super) async fn remove(folder: &Path, files: Vec<String>) -> io::Result<()> {
    let folder = folder.to_owned();
    blocking(move || {
        let mut outcome = Ok(());
        for file in files {
            match fs::remove_file(folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => outcome = Err(error),
                _ => {}
            }
        }
        outcome
    })
    .await
}

/// The files in it.
pub(super) fn list(folder: PathBuf) -> BoxStream<'static, io::Result<Found>> {
    stream::try_unfold(None, move |opened: Option<ReadDir>| {
        let folder = folder.clone();
        async move {
            let mut opened = match opened {
                Some(opened) => opened,
                None => match tokio::fs::read_dir(folder).await {
                    // Nobody has uploaded a picture yet.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    opened => opened?,
                },
            };
            while let Some(entry) = opened.next_entry().await? {
                if let Some(found) = look_at(&entry).await? {
                    return Ok(Some((found, Some(opened))));
                }
            }
            Ok(None)
        }
    })
    .boxed()
}

/// None for what is no file of ours, or has just gone.
async fn look_at(entry: &DirEntry) -> io::Result<Option<Found>> {
    let Ok(name) = entry.file_name().into_string() else {
        return Ok(None);
    };
    match entry.metadata().await {
        Ok(about) if about.is_file() => {
            let changed_at = about.modified()?.into();
            Ok(Some(Found { name, changed_at }))
        }
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
