//! `/auth/revocations`: which sessions ended, for the services beside this one.

use crate::{
    App, Result,
    error::{Broken, FieldErrors},
    services::revocations::{self, Revocations},
};
use poem::{Request, Response, handler, web::Data};
use serde::Deserialize;
use utoipa::IntoParams;

/// From when on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RevocationsQuery {
    /// A time, RFC 3339; without it, the last 20 minutes.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-01-02T03:04:05Z")]
    since: Option<String>,
    /// The `next_cursor` of an answer that was full.
    cursor: Option<String>,
}

/// Lists the sessions that ended.
#[utoipa::path(
    get, path = "/auth/revocations", tag = "auth", operation_id = "revocations",
    summary = "Sessions that ended",
    description = "For services that verify access tokens themselves and want to know sooner than in 15 minutes: a token whose `jti` begins with the `session_id` of an ended session is good no more. Ask every few seconds with `since` set to the `next_since` of the answer before; what was told already may come again. Sessions that ended more than 20 minutes ago are not told: their access tokens have all expired. Names no person, needs no token; meant for the network behind the proxy.",
    params(RevocationsQuery),
    responses(
        (status = 200, description = "The sessions, oldest first.", body = Revocations),
        (status = 422, description = "`VALIDATION_FAILED`"),
    ),
)]
#[handler]
pub async fn list(app: Data<&App>, request: &Request) -> Result<Response> {
    let query: RevocationsQuery = request
        .params()
        // The only way to fail is a parameter given twice.
        .map_err(|_| {
            FieldErrors::one("since", Broken::new("repeated", "Send each parameter once"))
        })?;
    let (since, cursor) = (query.since.as_deref(), query.cursor.as_deref());
    let revocations = revocations::list(&app, since, cursor).await?;
    Ok(super::users::private(poem::web::Json(revocations)))
}
