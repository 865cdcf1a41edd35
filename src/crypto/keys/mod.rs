//! The signing key, the tokens it signs, and the key set others verify with.

pub mod pem;
mod tokens;

pub use pem::{bits_of_private_key, check_private_key, check_public_key, generate_private_key};
pub use tokens::{ACCESS_TOKEN_LIFETIME, CLOCK_SKEW, Claims};

use super::{checked_tokens::CheckedTokens, key_files, secrets::Secrets, signer::Signer};
use crate::{
    config::Config,
    error::{Cause, Error, Result},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use time::OffsetDateTime;
use tokens::{TOKEN_TYPE, validation};

/// The signing key and every key that is still accepted.
pub struct Keys {
    issuer: String,
    signer: Signer,
    validation: Validation,
    accepted: Vec<(String, DecodingKey)>,
    checked: CheckedTokens,
    jwks: String,
    secrets: Secrets,
    made_at: Option<OffsetDateTime>,
}

impl Keys {
    /// The keys of this configuration; `pem` is the private key.
    ///
    /// # Errors
    /// A key, or a file beside it, that can't be used: with the file's name.
    pub fn new(config: &Config, pem: &str) -> Result<Self, Cause> {
        let signing = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(Error::internal)?;
        let own = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(Error::internal)?;
        let mut published = vec![named(own)?];
        let beside = config.jwt_key_file.as_deref().map(key_files::beside);
        let mut others = beside.transpose()?.unwrap_or_default();
        for retired in &config.jwt_retired_public_keys {
            let key = DecodingKey::from_rsa_pem(retired.as_bytes()).map_err(Error::internal)?;
            others.push(
                Jwk::from_decoding_key(&key, Some(Algorithm::RS256)).map_err(Error::internal)?,
            );
        }
        for jwk in others {
            let jwk = named(jwk)?;
            let known = |known: &Jwk| known.common.key_id == jwk.common.key_id;
            // The key that signs may be listed already, while replicas change one by one.
            if !published.iter().any(known) {
                published.push(jwk);
            }
        }
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid.clone_from(&published[0].common.key_id);
        let accepted = published
            .iter()
            .map(|jwk| {
                let kid = jwk.common.key_id.clone().unwrap_or_default();
                Ok((kid, DecodingKey::from_jwk(jwk).map_err(Error::internal)?))
            })
            .collect::<Result<_>>()?;
        let jwks = serde_json::to_string(&serde_json::json!({ "keys": published }))
            .map_err(Error::internal)?;
        Ok(Self {
            secrets: Secrets::new(&key_files::secret_of(config, pem)?)?,
            made_at: config.jwt_key_file.as_deref().and_then(key_files::made_at),
            validation: validation(&config.public_url),
            issuer: config.public_url.clone(),
            signer: Signer::new(&signing, &header)?,
            accepted,
            checked: CheckedTokens::new(),
            jwks,
        })
    }

    /// When the signing key was made. None: it is in no file, so nobody knows.
    #[must_use]
    pub fn made_at(&self) -> Option<OffsetDateTime> {
        self.made_at
    }

    /// The ids of the published keys, RFC 7638 thumbprints; the one that signs comes first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.accepted.iter().map(|(id, _)| &**id)
    }

    /// The public keys as a JWK set (RFC 7517), for other services to verify with.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// What is derived from the service's own secret.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

/// The key with its use, algorithm and RFC 7638 thumbprint as `kid`.
fn named(mut jwk: Jwk) -> Result<Jwk> {
    jwk.common.key_id = Some(
        jwk.thumbprint(ThumbprintHash::SHA256)
            .map_err(Error::internal)?,
    );
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(jwk)
}
