//! `/users/me/sessions`: where somebody is logged in.

use super::bearer::SessionBearer;
use crate::{
    App, Error, Result,
    services::{
        devices::{self, Device},
        people,
        view::View,
    },
};
use poem::{Response, handler, http::StatusCode, web::Data, web::Path};
use serde::Serialize;
use utoipa::ToSchema;

/// Where somebody is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Devices {
    /// The one that asks first, then those last used; at most 100.
    pub items: Vec<Device>,
}

/// Lists one's own sessions.
#[utoipa::path(
    get, path = "/users/me/sessions", tag = "security", operation_id = "sessions",
    summary = "One's own sessions",
    description = "Those that have neither ended nor run out.",
    responses((status = 200, description = "The sessions.", body = Devices)),
    security(("bearer" = [])),
)]
#[handler]
pub async fn list(app: Data<&App>, bearer: SessionBearer) -> Result<Response> {
    let sessions = devices::open(View::of(&app, bearer.user_id).await?).await?;
    let items = devices::in_words(sessions, bearer.session_id);
    Ok(super::users::private(poem::web::Json(Devices { items })))
}

/// Ends one of one's own sessions.
#[utoipa::path(
    delete, path = "/users/me/sessions/{id}", tag = "security", operation_id = "endSession",
    summary = "End a session",
    description = "At once for pages, for its refresh token and for all of `/users/me`; elsewhere its access tokens live for at most 15 minutes more. Doing it twice is no error.",
    params(("id" = Uuid, Path, description = "The session's id.")),
    responses(
        (status = 204, description = "The session has ended."),
        (status = 404, description = "`SESSION_NOT_FOUND`"),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn end(
    app: Data<&App>,
    bearer: SessionBearer,
    id: Result<Path<String>, poem::Error>,
) -> Result<StatusCode> {
    // A path that is no UTF-8 has no text to parse.
    let id = id.ok().and_then(|Path(id)| people::parse_id(&id));
    let id = id.ok_or(Error::SessionNotFound)?;
    devices::end(&app, bearer.user_id, bearer.session_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's own sessions but the one that asks.
#[utoipa::path(
    delete, path = "/users/me/sessions", tag = "security", operation_id = "endOtherSessions",
    summary = "End all other sessions",
    description = "All but the one that the access token was issued to.",
    responses((status = 204, description = "The others have ended.")),
    security(("bearer" = [])),
)]
#[handler]
pub async fn end_others(app: Data<&App>, bearer: SessionBearer) -> Result<StatusCode> {
    devices::end_others(&app, bearer.user_id, bearer.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
