//! Who is asking: the bearer of an access token, and nobody else.

use crate::{App, Error, crypto::keys::Claims, http::Scope, services::sessions};
use poem::{FromRequest, Request, RequestBody, http::header, web::Data};
use std::sync::Arc;
use uuid::Uuid;

/// The person whose valid access token a request carries (RFC 6750 section 2.1). The page
/// session is never looked at.
pub struct Bearer(pub Uuid);

impl<'a> FromRequest<'a> for Bearer {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(claims(request, body).await?.user_id))
    }
}

/// The same person, and the session that the token was issued to: a token without one is not ours.
pub struct SessionBearer {
    /// The person.
    pub user_id: Uuid,
    /// The session, which is open: what can be done to an account with a token alone ends with it.
    pub session_id: Uuid,
}

impl<'a> FromRequest<'a> for SessionBearer {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let claims = claims(request, body).await?;
        let session_id = claims.session_id().ok_or(Error::Unauthenticated)?;
        let Data(app) = Data::<&App>::from_request(request, body).await?;
        sessions::require_open(app, session_id).await?;
        Ok(Self {
            user_id: claims.user_id,
            session_id,
        })
    }
}

async fn claims(request: &Request, body: &mut RequestBody) -> poem::Result<Arc<Claims>> {
    let Data(app) = Data::<&App>::from_request(request, body).await?;
    let token = token(request).ok_or(Error::Unauthenticated)?;
    let claims = app.keys.verify(token, app.clock.now())?;
    Scope::of(request).set_user(claims.user_id);
    Ok(claims)
}

/// The token of the one `Authorization` header there may be.
fn token(request: &Request) -> Option<&str> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let header = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start_matches(' '))
}
