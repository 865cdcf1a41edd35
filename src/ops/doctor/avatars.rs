//! Whether pictures can be kept.

use super::{Findings, folder};
use crate::Config;

/// Another kind of store is another arm here.
pub(super) async fn check(config: &Config) -> Findings {
    folder::check(&config.avatar_store, "AVATAR_STORE").await
}
