//! Pictures: uploading, removing, giving them out.

use super::bearer::SessionBearer;
use crate::{
    App, Error, Result,
    http::{
        conditional::{self, Tag},
        multipart::Upload,
    },
    services::avatars,
};
use poem::{
    FromRequest, Request, RequestBody, Response, handler,
    http::{HeaderName, HeaderValue, StatusCode, header},
    web::{Data, Json},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A picture never changes under its name.
const FOR_A_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const SHARED_WITH: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Where the new picture is.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvatarUrl {
    /// The absolute address of a square JPEG of 400 px; `…-192.jpg` and `…-96.jpg` are smaller.
    pub avatar_url: String,
}

/// The upload's form.
#[derive(Debug, ToSchema)]
#[allow(dead_code)] // Only its schema is used.
pub struct AvatarForm {
    /// A JPEG or PNG of at most 2,097,152 bytes, 8,192 px a side and 40 million pixels.
    #[schema(value_type = String, format = Binary)]
    avatar: Vec<u8>,
}

/// The bytes of the field `avatar`.
pub struct Picture(Vec<u8>);

impl<'a> FromRequest<'a> for Picture {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(Upload::read(request, body).await?.avatar))
    }
}

/// Replaces one's own picture.
#[utoipa::path(
    put, path = "/users/me/avatar", tag = "profile", operation_id = "putAvatar",
    summary = "Upload one's own picture",
    description = "The picture is turned upright, cropped to a square and made anew; nothing of the file but its pixels is kept.",
    request_body(content = AvatarForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The picture is in place.", body = AvatarUrl),
        (status = 422, description = "`AVATAR_TOO_LARGE`, `AVATAR_INVALID`, or `VALIDATION_FAILED` without a field `avatar`."),
        (status = 429, description = "`RATE_LIMITED`: too many pictures in an hour, or another one is still in the making."),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn put(
    app: Data<&App>,
    who: SessionBearer,
    Picture(upload): Picture,
) -> Result<Json<AvatarUrl>> {
    let avatar_url = avatars::replace(&app, who.user_id, who.session_id, upload).await?;
    Ok(Json(AvatarUrl { avatar_url }))
}

/// Takes one's own picture away.
#[utoipa::path(
    delete, path = "/users/me/avatar", tag = "profile", operation_id = "deleteAvatar",
    summary = "Remove one's own picture",
    responses((status = 204, description = "There is no picture.")),
    security(("bearer" = [])),
)]
#[handler]
pub async fn remove(app: Data<&App>, who: SessionBearer) -> Result<StatusCode> {
    avatars::remove(&app, who.user_id, who.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a picture out.
#[utoipa::path(
    get, path = "/avatars/{name}", tag = "people", operation_id = "avatar",
    summary = "A picture",
    description = "Never changes under its name.",
    params(("name" = String, Path, description = "As in `avatar_url`, or with `-192` or `-96` before `.jpg`.")),
    responses(
        (status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304),
        (status = 404, description = "`NOT_FOUND`"),
    ),
)]
#[handler]
pub async fn file(app: Data<&App>, request: &Request) -> Result<Response> {
    // A path that is no UTF-8 names no picture.
    let name: String = request.path_params().map_err(|_| Error::NotFound)?;
    // Read even for who has it: a picture that is gone is not "still good".
    let jpeg = avatars::read(&app, &name).await?;
    let tag = Tag::of(&[&jpeg]);
    let mut response = conditional::unless_known(request, &tag, FOR_A_YEAR, || {
        Ok(Response::builder()
            .header(header::CONTENT_TYPE, "image/jpeg")
            .body(jpeg))
    })?;
    // The apps of other origins that use the API show them too.
    let headers = response.headers_mut();
    headers.insert(SHARED_WITH, HeaderValue::from_static("cross-origin"));
    Ok(response)
}
