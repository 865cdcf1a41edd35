//! Refresh tokens that name their session and generation, so that a copy is known as such when its row
//! is long gone, and that carry how much of the session's limit is used up.
//!
//! The text is base64url (RFC 4648 section 5) of 256 random bits, the session's id, the generation, the time and
//! a MAC over all of it (HMAC-SHA256, RFC 2104, truncated to 128 bits). What is stored and looked up is the hash of the
//! text, as with tokens of any other form.

use crate::{
    domain::Token,
    error::{Error, Result},
};
use aws_lc_rs::{constant_time, hmac, rand};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use time::OffsetDateTime;
use uuid::Uuid;

const RANDOM: usize = 32;
const SESSION: usize = 16;
const GENERATION: usize = 4;
const TIME: usize = 8;
const CLAIMS: usize = RANDOM + SESSION + GENERATION + TIME;
const MAC: usize = 16;

/// What a refresh token says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaims {
    /// The session that it renews.
    pub session_id: Uuid,
    /// How many renewals led to it: none to the one of the log-in.
    pub generation: i32,
    /// When the session's bucket of renewals will be full again, to the microsecond.
    pub full_at: OffsetDateTime,
}

impl RefreshClaims {
    /// What the token says that takes this one's place.
    #[must_use]
    pub fn next(self, full_at: OffsetDateTime) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            full_at,
            ..self
        }
    }
}

/// Issues refresh tokens and reads what they say.
pub struct RefreshTokens(hmac::Key);

impl RefreshTokens {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A new token that says this.
    ///
    /// # Errors
    /// `Internal` without randomness from the operating system.
    pub fn issue(&self, claims: RefreshClaims) -> Result<Token> {
        let mut text = Vec::with_capacity(CLAIMS + MAC);
        text.extend([0; RANDOM]);
        rand::fill(&mut text).map_err(Error::internal)?;
        text.extend(claims.session_id.as_bytes());
        text.extend(claims.generation.to_be_bytes());
        let micros = claims.full_at.unix_timestamp_nanos() / 1_000;
        text.extend(
            i64::try_from(micros)
                .map_err(Error::internal)?
                .to_be_bytes(),
        );
        let mac = hmac::sign(&self.0, &text);
        text.extend(&mac.as_ref()[..MAC]);
        Ok(Token::from_bytes(&text))
    }

    /// What a token says that was issued here; `None` for any other text, and for tokens of earlier
    /// releases, which say nothing.
    #[must_use]
    pub fn claims(&self, token: &Token) -> Option<RefreshClaims> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.expose()).ok()?;
        if bytes.len() != CLAIMS + MAC {
            return None;
        }
        let (said, mac) = bytes.split_at(CLAIMS);
        let right = hmac::sign(&self.0, said);
        constant_time::verify_slices_are_equal(&right.as_ref()[..MAC], mac).ok()?;
        let (session_id, said) = said[RANDOM..].split_at(SESSION);
        let (generation, micros) = said.split_at(GENERATION);
        let micros = i64::from_be_bytes(micros.try_into().ok()?);
        let full_at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
        Some(RefreshClaims {
            session_id: Uuid::from_slice(session_id).ok()?,
            generation: i32::from_be_bytes(generation.try_into().ok()?),
            full_at: full_at.ok()?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const CLAIMED: RefreshClaims = RefreshClaims {
        session_id: Uuid::from_u128(7),
        generation: 41,
        full_at: datetime!(2026-01-02 03:04:05.678901 UTC),
    };

    #[test]
    fn a_token_says_what_it_was_issued_with() {
        let tokens = RefreshTokens::new(&[1; 32]);
        let (one, two) = (
            tokens.issue(CLAIMED).unwrap(),
            tokens.issue(CLAIMED).unwrap(),
        );
        assert_ne!(one.expose(), two.expose(), "256 random bits");
        assert_eq!(one.expose().len(), 102);
        assert_eq!(tokens.claims(&one), Some(CLAIMED));
        assert_eq!(CLAIMED.next(CLAIMED.full_at).generation, 42);
    }

    #[test]
    fn what_was_not_issued_here_says_nothing() {
        let tokens = RefreshTokens::new(&[1; 32]);
        let token = tokens.issue(CLAIMED).unwrap();
        assert_eq!(RefreshTokens::new(&[2; 32]).claims(&token), None);
        let earlier = Token::random().unwrap();
        assert_eq!(tokens.claims(&earlier), None);
        for at in [0, 43, 60, 68, 75, 80, 101] {
            let mut text = token.expose().as_bytes().to_vec();
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            let forged = Token::presented(std::str::from_utf8(&text).unwrap());
            assert_eq!(tokens.claims(&forged), None, "{at}");
        }
        for odd in [
            "",
            "x",
            &token.expose()[1..],
            &format!("{}A", token.expose()),
        ] {
            assert_eq!(tokens.claims(&Token::presented(odd)), None, "{odd}");
        }
    }
}
