//! `/users/me/reauthenticate`: entering the password again before a sensitive change.

use super::{bearer::SessionBearer, users::private};
use crate::{
    App, Result,
    http::Json,
    services::reauthentication::{self, Confirmation},
};
use poem::{Response, handler, http::StatusCode, web::Data};

/// Enters the password again.
#[utoipa::path(
    post, path = "/users/me/reauthenticate", tag = "settings", operation_id = "reauthenticate",
    summary = "Enter the password again",
    description = "Sensitive changes need a password that was entered in the token's session within the last 10 minutes. A log-in counts.",
    request_body = Confirmation,
    responses(
        (status = 204, description = "Sensitive changes work for 10 minutes."),
        (status = 422, description = "`VALIDATION_FAILED`: a wrong password has the code `incorrect`."),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn reauthenticate(
    app: Data<&App>,
    who: SessionBearer,
    Json(body): Json<Confirmation>,
) -> Result<Response> {
    reauthentication::confirm(&app, who.user_id, who.session_id, &body).await?;
    Ok(private(StatusCode::NO_CONTENT))
}
