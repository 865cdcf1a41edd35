//! The proof that a form was filled in on a page of ours (OWASP CSRF Cheat Sheet, double submit):
//! the secret in a cookie, and beside it, masked anew in every page, in each form.
//!
//! The secret belongs to the browser and not to a session, so that a form that was open while
//! its session was renewed, or the service restarted, still submits.

use super::{cookie, visit::Visit};
use crate::{App, Error, Result};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use poem::{Request, Response};
use subtle::ConstantTimeEq;

const BYTES: usize = 32;
const COOKIE: &str = "csrf";

/// What templates write for the proof. No text of a person can hold it: its `<` would be escaped.
pub(in crate::web) const PLACEHOLDER: &str = "<csrf>";

/// The secret of a browser.
#[derive(Clone)]
pub(in crate::web) struct Secret {
    bytes: [u8; BYTES],
    is_new: bool,
}

impl Secret {
    /// The one that a request carries; a new one if it has none.
    pub(in crate::web) fn of(visit: Visit<'_>) -> Result<Self> {
        if let Some(bytes) = carried(visit.app, visit.request).next() {
            return Ok(Self {
                bytes,
                is_new: false,
            });
        }
        Ok(Self {
            bytes: random()?,
            is_new: true,
        })
    }

    /// The secret itself, for telling apart pages that hold different ones. Never sent.
    pub(in crate::web) fn expose(&self) -> &[u8; BYTES] {
        &self.bytes
    }

    /// A proof for a page: different each time, so that compression can't leak it (BREACH).
    pub(in crate::web) fn proof(&self) -> Result<String> {
        let mask = random()?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([mask, xor(mask, &self.bytes)].concat()))
    }

    /// Gives the secret to a browser that has none.
    pub(in crate::web) fn set(&self, response: &mut Response, app: &App) {
        if self.is_new {
            let value = BASE64_URL_SAFE_NO_PAD.encode(self.bytes);
            cookie::set(response, app, COOKIE, &value, None);
        }
    }
}

/// Whether a proof holds a secret that the request carries.
pub(in crate::web) fn is_proven(app: &App, request: &Request, proof: &str) -> bool {
    carried(app, request).any(|secret| proves(proof, &secret))
}

/// All that a request carries: in development another program on the same host may have set one.
fn carried<'a>(app: &App, request: &'a Request) -> impl Iterator<Item = [u8; BYTES]> + use<'a> {
    cookie::all(request, app, COOKIE)
        .filter_map(|value| BASE64_URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok())
}

/// Whether a proof holds the secret.
fn proves(proof: &str, secret: &[u8; BYTES]) -> bool {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(proof).unwrap_or_default();
    let Some((mask, masked)) = decoded.split_at_checked(BYTES) else {
        return false;
    };
    let Ok(mask) = <[u8; BYTES]>::try_from(mask) else {
        return false;
    };
    xor(mask, secret).as_slice().ct_eq(masked).into()
}

fn xor(mut mask: [u8; BYTES], secret: &[u8; BYTES]) -> [u8; BYTES] {
    mask.iter_mut()
        .zip(secret)
        .for_each(|(byte, key)| *byte ^= key);
    mask
}

fn random() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(Error::internal)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_mask_of_a_secret_proves_it_and_one_changed_bit_does_not(
            secret: [u8; BYTES], mask: [u8; BYTES], at in 0..2 * BYTES, bit in 0..8_u8
        ) {
            let mut proof = [mask, xor(mask, &secret)].concat();
            prop_assert!(proves(&BASE64_URL_SAFE_NO_PAD.encode(&proof), &secret));
            proof[at] ^= 1_u8 << bit;
            prop_assert!(!proves(&BASE64_URL_SAFE_NO_PAD.encode(&proof), &secret));
        }

        #[test]
        fn no_other_text_proves_anything(proof in "[A-Za-z0-9_=-]{80,90}|\\PC{0,99}", secret: [u8; BYTES]) {
            prop_assert!(!proves(&proof, &secret));
        }
    }

    #[test]
    fn a_proof_is_different_each_time_and_proves_one_secret() -> Result<()> {
        let secret = Secret {
            bytes: random()?,
            is_new: true,
        };
        let (one, other) = (secret.proof()?, secret.proof()?);
        assert_ne!(one, other);
        assert!(proves(&one, secret.expose()) && proves(&other, secret.expose()));
        assert!(!proves(&one, &random()?));
        for bad in [
            "",
            "AAAA",
            "%%",
            &one[1..],
            &format!("{one}AAAA"),
            PLACEHOLDER,
        ] {
            assert!(!proves(bad, secret.expose()), "{bad}");
        }
        Ok(())
    }
}
