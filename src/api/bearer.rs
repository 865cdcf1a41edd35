//! Who is asking: the bearer of an access token, and nobody else.

use crate::{App, Error, http::Scope};
use poem::{FromRequest, Request, RequestBody, http::header, web::Data};
use uuid::Uuid;

/// The person whose valid access token a request carries (RFC 6750 section 2.1). The page
/// session is never looked at.
pub struct Bearer(pub Uuid);

impl<'a> FromRequest<'a> for Bearer {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let Data(app) = Data::<&App>::from_request(request, body).await?;
        let token = token(request).ok_or(Error::Unauthenticated)?;
        let claims = app.keys.verify(token, app.clock.now())?;
        Scope::of(request).set_user(claims.user_id);
        Ok(Self(claims.user_id))
    }
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
