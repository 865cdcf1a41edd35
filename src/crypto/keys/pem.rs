//! Texts of RSA keys: whether they are good enough, and a new one.

use crate::error::{Error, Result};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{AlgorithmParameters, Jwk},
};

/// RFC 8725 section 3.5 and the contract.
const MIN_KEY_BITS: usize = 2_048;

/// Whether a PEM text is a usable RSA private key of enough bits; else a phrase that says why.
pub fn check_private_key(pem: &str) -> Result<(), String> {
    bits_of_private_key(pem).map(drop)
}

/// The bits of a usable RSA private key; else a phrase that says why it is none.
pub fn bits_of_private_key(pem: &str) -> Result<usize, String> {
    let key = EncodingKey::from_rsa_pem(pem.as_bytes())
        .map_err(|_| "must be an RSA private key in PEM form (PKCS#8 or PKCS#1)".to_owned())?;
    let jwk = Jwk::from_encoding_key(&key, Algorithm::RS256)
        .map_err(|_| format!("must be a valid RSA private key of {MIN_KEY_BITS} bits or more"))?;
    bits_of(&jwk)
}

/// Whether a PEM text is an RSA public key of enough bits; else a phrase that says why.
pub fn check_public_key(pem: &str) -> Result<(), String> {
    let wrong = |_| "must be RSA public keys in PEM form".to_owned();
    let key = DecodingKey::from_rsa_pem(pem.as_bytes()).map_err(wrong)?;
    let jwk = Jwk::from_decoding_key(&key, Some(Algorithm::RS256)).map_err(wrong)?;
    bits_of(&jwk).map(drop)
}

fn bits_of(jwk: &Jwk) -> Result<usize, String> {
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
        return Err("must be an RSA key".to_owned());
    };
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(&rsa.n).unwrap_or_default();
    let leading = modulus
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (modulus.len() * 8).saturating_sub(leading);
    if bits < MIN_KEY_BITS {
        return Err(format!(
            "has {bits} bits, RSA keys must have {MIN_KEY_BITS} or more"
        ));
    }
    Ok(bits)
}

/// A new private key as PKCS#8 PEM, for development.
pub fn generate_private_key() -> Result<String> {
    let failed = |_| Error::internal("could not generate an RSA key");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der: Pkcs8V1Der = pair.as_der().map_err(failed)?;
    let body = BASE64_STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in body.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(pem)
}
