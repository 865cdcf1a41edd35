//! Whether pictures can be kept.

use super::{Finding, Findings, folder};
use crate::{
    Config,
    config::{AvatarStore, Bucket, Secret},
    error::causes,
};
use futures_util::TryStreamExt;
use object_store::ObjectStore;

pub(super) async fn check(config: &Config) -> Findings {
    match &config.avatar_store {
        AvatarStore::Folder(path) => folder::check(path, "AVATAR_STORE").await,
        AvatarStore::Bucket(Secret(bucket)) => Ok(vec![lets_us_in(bucket).await]),
    }
}

/// Lists, which needs the right credentials and writes nothing.
async fn lets_us_in(bucket: &Bucket) -> Finding {
    match bucket.list(None).try_next().await {
        Ok(_) => Finding::ok("the bucket of AVATAR_STORE lets us in; nothing was written"),
        Err(error) => {
            let said = causes(&error);
            // Stores answer in several lines of XML.
            let said: Vec<_> = said.split_whitespace().collect();
            Finding::wrong(
                format!(
                    "the bucket of AVATAR_STORE does not let us in: {}",
                    said.join(" ")
                ),
                "see AVATAR_STORE, the variables AWS_… and the rights in docs/operations.md",
            )
        }
    }
}
