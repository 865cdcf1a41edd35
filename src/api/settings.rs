//! `/users/me/password`, `/users/me/email`, `/users/me/username`: changing how one logs in and is
//! called.

use super::{bearer::SessionBearer, users::private};
use crate::{
    App, Result,
    http::Json,
    services::{
        emails::{self, EmailChange},
        passwords::{self, PasswordChange},
        usernames::{self, Renamed, UsernameChange},
    },
};
use poem::{Response, handler, http::StatusCode, web::Data};

/// Changes the password.
#[utoipa::path(
    put, path = "/users/me/password", tag = "settings", operation_id = "changePassword",
    summary = "Change the password",
    description = "Ends every session but the token's own.",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The password is changed."),
        (status = 422, description = "`VALIDATION_FAILED`: a wrong `current_password` has the code `incorrect`."),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn password(
    app: Data<&App>,
    who: SessionBearer,
    Json(body): Json<PasswordChange>,
) -> Result<Response> {
    passwords::change(&app, who.user_id, who.session_id, &body, None).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Changes the e-mail address, once the new one has proven itself.
#[utoipa::path(
    put, path = "/users/me/email", tag = "settings", operation_id = "changeEmail",
    summary = "Change the e-mail address",
    description = "Sends the new address a link, which works for 24 hours, and the present one a notice; only following the link changes the address. The answer is the same whether or not another account has the address. A newer request takes the place of the one before.",
    request_body = EmailChange,
    responses(
        (status = 202, description = "A mail to the new address is on its way."),
        (status = 403, description = "`REAUTHENTICATION_REQUIRED`, or `CROSS_SITE_REQUEST`."),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn email(
    app: Data<&App>,
    who: SessionBearer,
    Json(body): Json<EmailChange>,
) -> Result<Response> {
    emails::request(&app, who.user_id, who.session_id, &body).await?;
    Ok(private(StatusCode::ACCEPTED))
}

/// Changes the username.
#[utoipa::path(
    put, path = "/users/me/username", tag = "settings", operation_id = "changeUsername",
    summary = "Change the username",
    description = "Once in 30 days. For 90 days the page of the old name leads to the new one, and nobody else gets it.",
    request_body = UsernameChange,
    responses(
        (status = 200, description = "The username now.", body = Renamed),
        (status = 403, description = "`REAUTHENTICATION_REQUIRED`, or `CROSS_SITE_REQUEST`."),
        (status = 409, description = "`USERNAME_ALREADY_EXISTS`"),
        (status = 422, description = "`VALIDATION_FAILED`: before the 30 days are over with the code `too_soon`."),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn username(
    app: Data<&App>,
    who: SessionBearer,
    Json(body): Json<UsernameChange>,
) -> Result<Response> {
    let renamed = usernames::change(&app, who.user_id, who.session_id, &body).await?;
    Ok(private(poem::web::Json(renamed)))
}
