//! Access tokens: what they say, issuing them and verifying them.

use super::Keys;
use crate::error::{Error, Result};
use jsonwebtoken::{Algorithm, Validation};
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
pub(super) const TOKEN_TYPE: &str = "at+jwt";

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

impl Keys {
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
}

/// Issuer, audience and signature are checked by the library; times by us, against [`crate::clock`].
pub(super) fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.validate_exp = false;
    validation
}
