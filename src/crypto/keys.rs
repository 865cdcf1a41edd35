//! The signing key, the tokens it signs, and the key set others verify with.

use super::{
    checked_tokens::CheckedTokens,
    key_files,
    secrets::{self, Secrets},
    signer::Signer,
};
use crate::{
    config::Config,
    error::{Error, Result},
};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{AlgorithmParameters, Jwk, PublicKeyUse, ThumbprintHash},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long an access token lives.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::seconds(900);
/// How far the clocks of two services may differ.
pub const CLOCK_SKEW: Duration = Duration::seconds(5);
/// Whom the tokens are for: every service of the network.
const AUDIENCE: &str = "social-network";
/// RFC 9068 section 2.1, against tokens of another kind being taken for an access token.
const TOKEN_TYPE: &str = "at+jwt";
/// RFC 8725 section 3.5 and the contract.
const MIN_KEY_BITS: usize = 2_048;

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Whose token it is.
    pub user_id: Uuid,
    /// The address when the token was issued.
    pub email: String,
    /// What the person may do, e.g. `["user"]`.
    pub roles: Vec<String>,
    /// The same as `user_id`, for libraries that want it here.
    pub sub: Uuid,
    /// The issuer: `PUBLIC_URL`.
    pub iss: String,
    /// The audience.
    pub aud: String,
    /// Issued at, in Unix seconds.
    pub iat: i64,
    /// Expires at, in Unix seconds.
    pub exp: i64,
    /// A name of its own for each token: the session it was issued to, a dot, and a random UUID.
    pub jti: String,
}

impl Claims {
    /// The session that the token was issued to.
    #[must_use]
    pub fn session_id(&self) -> Option<Uuid> {
        self.jti.split_once('.')?.0.parse().ok()
    }
}

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
    pub fn new(config: &Config, pem: &str) -> Result<Self> {
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
            secrets: Secrets::new(&secrets::secret_key(config, pem)?)?,
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

    /// A signed access token.
    pub fn issue(
        &self,
        user_id: Uuid,
        session_id: Uuid,
        email: &str,
        roles: &[String],
        now: OffsetDateTime,
    ) -> Result<String> {
        let claims = Claims {
            user_id,
            email: email.to_owned(),
            roles: roles.to_vec(),
            sub: user_id,
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            iat: now.unix_timestamp(),
            exp: (now + ACCESS_TOKEN_LIFETIME).unix_timestamp(),
            jti: format!("{session_id}.{}", Uuid::new_v4()),
        };
        self.signer.sign(&claims)
    }

    /// The claims of a token that is ours, meant for us, and in its time (RFC 8725 section 3).
    /// The algorithm is pinned; keys are found by `kid` in our own set alone.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Arc<Claims>> {
        let claims = self.checked.claims(token, |token| self.verified(token));
        let claims = claims.ok_or(Error::Unauthenticated)?;
        let expired = claims.exp + CLOCK_SKEW.whole_seconds() < now.unix_timestamp();
        let premature = claims.iat - CLOCK_SKEW.whole_seconds() > now.unix_timestamp();
        if expired || premature || claims.sub != claims.user_id {
            return Err(Error::Unauthenticated);
        }
        Ok(claims)
    }

    fn verified(&self, token: &str) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TOKEN_TYPE) {
            return None;
        }
        let kid = header.kid?;
        let (_, key) = self.accepted.iter().find(|(known, _)| *known == kid)?;
        let token = jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?;
        Some(token.claims)
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

/// Issuer, audience and signature are checked by the library; times by us, against [`crate::clock`].
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.validate_exp = false;
    validation
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
