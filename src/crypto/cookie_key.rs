//! What the service has a browser keep for it: sealed, so that only the service can read it.

use crate::error::{Error, Result};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// A key derived from the service's secret: replicas share it, and nothing is stored.
pub struct CookieKey(LessSafeKey);

impl CookieKey {
    /// The key with these bytes.
    pub(super) fn new(bytes: &[u8; 32]) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, bytes)
            .map_err(|_| Error::internal("the key of cookies was refused"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a text for what `context` names, as the value of a cookie.
    pub fn seal(&self, context: &[u8], text: &[u8]) -> Result<String> {
        let refused = |_| Error::internal("could not seal a cookie");
        // A random nonce is good for 2^32 messages under one key.
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(refused)?;
        let mut sealed = text.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut sealed,
            )
            .map_err(refused)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what was sealed for the same context; none for anything else.
    #[must_use]
    pub fn open(&self, context: &[u8], value: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut text = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .0
            .open_in_place(nonce, Aad::from(context), &mut text)
            .ok()?;
        Some(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_it() -> Result<()> {
        let (key, other) = (CookieKey::new(&[1; 32])?, CookieKey::new(&[2; 32])?);
        let sealed = key.seal(b"ana", b"text")?;
        assert_ne!(sealed, key.seal(b"ana", b"text")?);
        assert_eq!(key.open(b"ana", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(key.open(b"bob", &sealed), None);
        assert_eq!(other.open(b"ana", &sealed), None);
        for bad in ["", "AAAA", "%", &sealed[1..], &format!("{sealed}AAAA")] {
            assert_eq!(key.open(b"ana", bad), None, "{bad}");
        }
        Ok(())
    }
}
