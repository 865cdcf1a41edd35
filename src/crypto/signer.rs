//! RS256 signatures of tokens. The library reads the key anew for each of them, which takes twice
//! as long as to sign; here it is read once.

use crate::error::{Error, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

/// A key with the header of the tokens that it signs.
pub(super) struct Signer {
    key: RsaKeyPair,
    header: String,
}

impl Signer {
    /// A signer of tokens with this header, whose algorithm must be RS256.
    ///
    /// # Errors
    /// `Internal`: the key is no RSA key.
    pub(super) fn new(key: &EncodingKey, header: &Header) -> Result<Self> {
        Ok(Self {
            key: RsaKeyPair::from_der(key.as_bytes()).map_err(Error::internal)?,
            header: part(header)?,
        })
    }

    /// A signed token (RFC 7515 section 7.1) of these claims.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String> {
        let mut token = format!("{}.{}", self.header, part(claims)?);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(Error::internal)?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }
}

fn part(of_token: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(of_token).map_err(Error::internal)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::crypto::keys;
    use jsonwebtoken::Algorithm;
    use serde_json::json;

    #[test]
    fn a_token_is_the_librarys_to_the_letter() {
        let pem = keys::generate_private_key().unwrap();
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some("a-key".to_owned());
        let claims = json!({ "sub": "ä", "exp": 1 });
        // Signatures of this kind have no randomness in them.
        assert_eq!(
            Signer::new(&key, &header).unwrap().sign(&claims).unwrap(),
            jsonwebtoken::encode(&header, &claims, &key).unwrap()
        );
    }
}
