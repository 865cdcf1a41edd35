//! Pictures in a bucket that speaks S3. An object is there whole or not at all.

use super::found::{Found, require_picture};
use crate::config::Bucket;
use futures_util::{
    StreamExt, TryStreamExt,
    future::try_join_all,
    stream::{self, BoxStream},
};
use object_store::{Error, ObjectStore, ObjectStoreExt, path::Path};
use std::{io, time::SystemTime};

pub(super) async fn write(bucket: &Bucket, files: Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let puts = files.into_iter().map(|(name, bytes)| async move {
        let name = Path::from(name);
        bucket.put(&name, bytes.into()).await
    });
    try_join_all(puts).await?;
    Ok(())
}

pub(super) async fn read(bucket: &Bucket, name: &str) -> io::Result<Vec<u8>> {
    let found = bucket.get(&Path::from(name)).await?;
    require_picture(found.meta.size)?;
    Ok(found.bytes().await?.into())
}

/// Deletes files, as many as it can.
pub(super) async fn remove(bucket: &Bucket, files: Vec<String>) -> io::Result<()> {
    let paths = files.into_iter().map(|file| Ok(Path::from(file)));
    let mut deleted = bucket.delete_stream(stream::iter(paths).boxed());
    let mut outcome = Ok(());
    while let Some(one) = deleted.next().await {
        match one {
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

/// The files in it.
pub(super) fn list(bucket: &Bucket) -> BoxStream<'static, io::Result<Found>> {
    bucket
        .list(None)
        .map_ok(|file| Found {
            name: file.location.into(),
            changed_at: SystemTime::from(file.last_modified).into(),
        })
        .map_err(io::Error::from)
        .boxed()
}
