//! What comes of the service's own secret: the tokens in mails, the seal of cookies, keyed hashes.
//!
//! The secret outlives the key that signs, so that no rotation ends a link that is on its way, a
//! browser session or a known device. Before the first rotation it is derived from the signing key
//! and has to be configured nowhere; from then on it lies beside the key's file, or in `SECRET_KEY`.

use super::{
    CookieKey, RefreshTokens,
    secret_key::{SecretKey, derive, refused},
};
use crate::{
    domain::{Token, email},
    error::Result,
};
use aws_lc_rs::{hkdf, hmac};
use uuid::Uuid;

/// Everything that is derived from the secret, each with a key of its own, so that no use of it
/// helps with another.
pub struct Secrets {
    mails: hkdf::Prk,
    cookies: CookieKey,
    digests: hmac::Key,
    refresh_tokens: RefreshTokens,
}

impl Secrets {
    /// The keys that belong to this secret.
    pub fn new(key: &SecretKey) -> Result<Self> {
        Ok(Self {
            mails: hkdf::Salt::new(hkdf::HKDF_SHA256, b"users-service mail links").extract(&key.0),
            cookies: CookieKey::new(&derive(&key.0, b"cookies")?)?,
            digests: hmac::Key::new(hmac::HMAC_SHA256, &derive(&key.0, b"digests")?),
            refresh_tokens: RefreshTokens::new(&derive(&key.0, b"refresh tokens")?),
        })
    }

    /// Seals what browsers keep for the service.
    #[must_use]
    pub fn cookies(&self) -> &CookieKey {
        &self.cookies
    }

    /// Issues refresh tokens and reads what they say.
    #[must_use]
    pub fn refresh_tokens(&self) -> &RefreshTokens {
        &self.refresh_tokens
    }

    /// What a mailbox is known by where its address must not be stored.
    #[must_use]
    pub fn mailbox_key(&self, email: &str) -> [u8; 32] {
        self.digest(&[b"mailbox", email::mailbox(email).as_bytes()])
    }

    /// The token in the link of the mail `id`: the same at every attempt to send it, so that a
    /// second copy carries the same link, while the database never holds it in clear.
    pub fn mail_token(&self, id: Uuid) -> Result<Token> {
        let mut bytes = [0; 32];
        self.mails
            .expand(&[b"verify", id.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut bytes))
            .map_err(refused)?;
        Ok(Token::from_bytes(&bytes))
    }

    /// What stands for these parts in the database where they themselves must not: without the key
    /// nobody finds out by trying, however few there are (all of IPv4, say).
    #[must_use]
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = hmac::Context::with_key(&self.digests);
        for part in parts {
            // With its length: "ab", "c" is not "a", "bc".
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(mac.sign().as_ref());
        digest
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_derived_differs_by_secret_and_by_use() {
        let (one, two) = (
            Secrets::new(&SecretKey([1; 32])).unwrap(),
            Secrets::new(&SecretKey([2; 32])).unwrap(),
        );
        let id = Uuid::nil();
        let token = |secrets: &Secrets| secrets.mail_token(id).unwrap().hash();
        assert_eq!(token(&one), token(&one));
        assert_ne!(token(&one), token(&two));
        assert_ne!(one.digest(&[b"ab", b"c"]), one.digest(&[b"a", b"bc"]));
        assert_ne!(one.digest(&[b"ab"]), two.digest(&[b"ab"]));
    }
}
