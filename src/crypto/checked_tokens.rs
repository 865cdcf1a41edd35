//! Tokens that proved to be ours: a signature is checked once for each of them, not once a request.

use super::Claims;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How many tokens are remembered: more than there are connections. One takes about half a KiB.
const MOST: usize = 16_384;

/// The claims of such tokens, by the hash of the whole token: signature included, and nothing that
/// could be used. Only times change what a token is worth, and whoever asks checks those each time.
pub(super) struct CheckedTokens(Cache<[u8; 32], Arc<Claims>>);

impl CheckedTokens {
    pub(super) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// The claims of this token, which `check` finds out the first time. What is refused is not
    /// remembered: made-up tokens can't push out real ones.
    pub(super) fn claims(
        &self,
        token: &str,
        check: impl FnOnce(&str) -> Option<Claims>,
    ) -> Option<Arc<Claims>> {
        let hash = Sha256::digest(token.as_bytes()).into();
        if let Some(claims) = self.0.get(&hash) {
            return Some(claims);
        }
        let claims = Arc::new(check(token)?);
        self.0.insert(hash, Arc::clone(&claims));
        Some(claims)
    }
}
