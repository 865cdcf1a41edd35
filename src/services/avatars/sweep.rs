//! Sweeping the store: files that no row names. An upload writes its files before the row, and a
//! store that is away when files are to go keeps them.

use super::{files, folder};
use crate::{App, Error, Result, storage::avatars};
use futures_util::{StreamExt, TryStreamExt, future::ready};
use metrics::counter;
use std::pin::pin;
use time::Duration;

/// How old a file must be. An upload ends within seconds and never takes a name that was there
/// before, so that no row will ever name an older file.
const AGE: Duration = Duration::hours(1);
/// How many files are looked at in one query.
const BATCH: usize = 1_000;
const SWEPT: &str = "avatar_files_swept_total";

/// Starts counting at zero.
pub fn count_from_zero() {
    counter!(SWEPT).increment(0);
}

/// Deletes the files in the store that no row names, and what was never written to its end. What is
/// not ours by its name stays. What goes wrong is logged and left to the next time.
pub async fn sweep(app: &App) {
    match sweep_all(app).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(swept, "deleted files of pictures that nobody has"),
        Err(error) => tracing::warn!(%error, "could not sweep the store of pictures"),
    }
}

async fn sweep_all(app: &App) -> Result<u64> {
    let until = app.clock.now() - AGE;
    let old = files::list(app)
        .try_filter_map(|found| ready(Ok((found.changed_at < until).then_some(found.name))));
    let mut batches = pin!(old.try_chunks(BATCH));
    let mut swept = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(Error::unavailable)?;
        let orphans = orphans(app, batch).await?;
        let count = orphans.len() as u64;
        match files::remove(app, orphans).await {
            Ok(()) => {
                counter!(SWEPT).increment(count);
                swept += count;
            }
            Err(error) => tracing::warn!(%error, "could not sweep all files of pictures"),
        }
    }
    Ok(swept)
}

/// Those of these files that no row names.
async fn orphans(app: &App, files: Vec<String>) -> Result<Vec<String>> {
    let pictures: Vec<_> = files
        .iter()
        .filter_map(|file| files::picture_of(file))
        .collect();
    let named = avatars::named(&app.db.get().await?, &pictures).await?;
    let is_orphan = |file: &String| match files::picture_of(file) {
        Some(picture) => !named.contains(&picture),
        None => folder::is_unfinished(file),
    };
    Ok(files.into_iter().filter(is_orphan).collect())
}
