//! Whom a path is about.

use crate::{Error, domain::Other, services::people};
use poem::{FromRequest, Request, RequestBody};

/// The id in `/users/{id}…`; what is no UUID is nobody.
pub struct Target(pub Other);

impl<'a> FromRequest<'a> for Target {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        // A path that is no UTF-8 has no text to parse.
        let id: Option<String> = request.path_params().ok();
        let id = id.and_then(|id| people::parse_id(&id));
        Ok(Self(id.ok_or(Error::UserNotFound)?.into()))
    }
}
