//! `/users/me/export` and `DELETE /users/me`: a copy of everything, and leaving.

use super::{bearer::SessionBearer, users::private};
use crate::{
    App, Result,
    services::{deletion, exports},
};
use poem::{
    IntoResponse, Response, handler,
    http::StatusCode,
    web::{Data, Json},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A copy that is being made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportRequested {
    /// When it was asked for, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub requested_at: OffsetDateTime,
}

/// An account that is to be deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletionRequested {
    /// Until when a log-in keeps it, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub delete_after: OffsetDateTime,
}

/// Asks for a copy of everything about oneself.
#[utoipa::path(
    post, path = "/users/me/export", tag = "settings", operation_id = "exportMe",
    summary = "Ask for a copy of everything about oneself",
    description = "It is made in the background. A mail says when it can be downloaded, on a page. While one is being made, that one is the answer; another may be asked for 24 hours later.",
    responses(
        (status = 202, description = "It is being made.", body = ExportRequested),
        (status = 429, description = "`RATE_LIMITED`: the last one was asked for less than 24 hours ago."),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn export(app: Data<&App>, who: SessionBearer) -> Result<Response> {
    let export = exports::request(&app, who.user_id, who.session_id).await?;
    let requested_at = export.requested_at;
    let body = Json(ExportRequested { requested_at });
    Ok(private(body.with_status(StatusCode::ACCEPTED)))
}

/// Has one's own account deleted.
#[utoipa::path(
    delete, path = "/users/me", tag = "settings", operation_id = "deleteMe",
    summary = "Delete one's own account",
    description = "The account is hidden and all its sessions end at once. Logging in within 14 days keeps it; then it is deleted for good.",
    responses(
        (status = 202, description = "It is to be deleted.", body = DeletionRequested),
        (status = 403, description = "`REAUTHENTICATION_REQUIRED`, or `CROSS_SITE_REQUEST`"),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn delete(app: Data<&App>, who: SessionBearer) -> Result<Response> {
    let delete_after = deletion::request(&app, who.user_id, who.session_id).await?;
    let body = Json(DeletionRequested { delete_after });
    Ok(private(body.with_status(StatusCode::ACCEPTED)))
}
