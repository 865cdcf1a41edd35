//! Sweeping the store: files that no row names. An upload writes its files before the row, and a
//! store that is away when files are to go keeps them.

use super::{files, folder};
use crate::{App, Error, Result, services::leases::Lease, storage::avatars};
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
///
/// # Errors
/// When the lease is lost: nothing is done from then on.
pub async fn sweep(app: &App, lease: &Lease) -> Result<()> {
    let until = app.clock.now() - AGE;
    let old = files::list(app)
        .try_filter_map(|found| ready(Ok((found.changed_at < until).then_some(found.name))));
    let mut batches = pin!(old.try_chunks(BATCH));
    while let Some(batch) = batches.next().await {
        lease.renew(app).await?;
        let swept = match batch {
            Ok(batch) => sweep_batch(app, batch).await,
            Err(error) => Err(Error::unavailable(error)),
        };
        match swept {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "deleted files of pictures that nobody has"),
            Err(error) => tracing::warn!(%error, "could not sweep all files of pictures"),
        }
    }
    Ok(())
}

/// Says how many went.
async fn sweep_batch(app: &App, batch: Vec<String>) -> Result<u64> {
    let orphans = orphans(app, batch).await?;
    let count = orphans.len() as u64;
    files::remove(app, orphans)
        .await
        .map_err(Error::unavailable)?;
    counter!(SWEPT).increment(count);
    Ok(count)
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
