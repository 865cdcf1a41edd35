//! The service's own secret. Before the first rotation of the signing key it is derived from that.

use crate::error::{Error, Result};
use aws_lc_rs::hkdf;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use std::fmt;

/// The secret itself: 256 bits. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(pub [u8; 32]);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The secret as long as there was only this signing key.
pub(super) fn of_signing_key(pem: &str) -> Result<SecretKey> {
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(Error::internal)?;
    derive(key.as_bytes(), b"secret key").map(SecretKey)
}

/// The secret as text: 43 characters of base64url.
#[must_use]
pub fn text(key: &SecretKey) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key.0)
}

/// Reads what [`text`] wrote; else a phrase that says what is wrong and repeats nothing of it.
pub fn parse(text: &str) -> Result<SecretKey, String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim()).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(SecretKey).ok_or_else(|| {
        "must be 32 bytes in base64url, as `users-service keys secret` prints".to_owned()
    })
}

/// A key for one use (HKDF, RFC 5869).
pub(super) fn derive(secret: &[u8], purpose: &[u8]) -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"users-service")
        .extract(secret)
        .expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut bytes))
        .map_err(refused)?;
    Ok(bytes)
}

pub(super) fn refused(_: aws_lc_rs::error::Unspecified) -> Error {
    Error::internal("HKDF refused to expand")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_written_and_a_bad_one_is_not_repeated() {
        let key = SecretKey([7; 32]);
        assert_eq!(parse(&text(&key)).unwrap().0, key.0);
        for bad in ["", "hunter22", &"A".repeat(44), &"A".repeat(42)] {
            let problem = parse(bad).unwrap_err();
            assert!(bad.is_empty() || !problem.contains(bad));
        }
    }
}
