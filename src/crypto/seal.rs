//! A refresh token's successor, sealed under a key that only the token's holder can derive.

use crate::{
    domain::Token,
    error::{Error, Result},
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};

/// Each key seals exactly one message (a token is rotated once), so the nonce may be fixed.
const NONCE: [u8; 12] = [0; 12];

/// Seals `successor` so that whoever presents `token` again can be given it.
pub fn seal(token: &Token, successor: &Token) -> Result<Vec<u8>> {
    let mut sealed = successor.expose().as_bytes().to_vec();
    key(token)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(NONCE),
            Aad::empty(),
            &mut sealed,
        )
        .map_err(|_| Error::internal("could not seal a token"))?;
    Ok(sealed)
}

/// Opens what [`seal`] sealed under the same token.
pub fn open(token: &Token, sealed: &[u8]) -> Result<Token> {
    let broken = || Error::internal("a sealed token could not be opened");
    let mut text = sealed.to_vec();
    let text = key(token)?
        .open_in_place(Nonce::assume_unique_for_key(NONCE), Aad::empty(), &mut text)
        .map_err(|_| broken())?;
    let text = std::str::from_utf8(text).map_err(|_| broken())?;
    Ok(Token::presented(text))
}

fn key(token: &Token) -> Result<LessSafeKey> {
    let refused = |_| Error::internal("HKDF refused to expand");
    let mut bytes = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"users-service refresh successor")
        .extract(token.expose().as_bytes())
        .expand(&[b"aes-256-gcm"], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut bytes))
        .map_err(refused)?;
    Ok(LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, &bytes).map_err(refused)?,
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_opens_what_it_sealed() {
        let (token, successor) = (Token::random().unwrap(), Token::random().unwrap());
        let sealed = seal(&token, &successor).unwrap();
        assert_eq!(open(&token, &sealed).unwrap(), successor);
        assert!(open(&successor, &sealed).is_err());
        assert!(!sealed.starts_with(successor.expose().as_bytes()));
    }
}
