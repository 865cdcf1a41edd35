//! `/auth/password/…`: a forgotten password.

use super::auth::not_stored;
use crate::{
    App, Result,
    http::Json,
    services::recovery::{self, Forgot, Reset},
};
use poem::{Response, handler, http::StatusCode, web::Data};

/// Sends a link that sets a new password.
#[utoipa::path(
    post, path = "/auth/password/forgot", tag = "auth", operation_id = "forgotPassword",
    summary = "Ask for a link to set a new password",
    description = "The answer is the same whether or not there is such an account.",
    request_body = Forgot,
    responses((status = 202, description = "If an account has this address, a mail is on its way.")),
)]
#[handler]
pub async fn forgot(app: Data<&App>, Json(body): Json<Forgot>) -> Result<Response> {
    recovery::forgot(&app, &body).await?;
    Ok(not_stored(StatusCode::ACCEPTED))
}

/// Sets a new password.
#[utoipa::path(
    post, path = "/auth/password/reset", tag = "auth", operation_id = "resetPassword",
    summary = "Set a new password",
    description = "Takes the token of the link in the mail, which works once and for one hour. Ends every session of the account and verifies its address.",
    request_body = Reset,
    responses(
        (status = 204, description = "The password was set; log in with it."),
        (status = 422, description = "`INVALID_RESET_TOKEN`, or `VALIDATION_FAILED`."),
    ),
)]
#[handler]
pub async fn reset(app: Data<&App>, Json(body): Json<Reset>) -> Result<Response> {
    recovery::reset(&app, &body, None).await?;
    Ok(not_stored(StatusCode::NO_CONTENT))
}
