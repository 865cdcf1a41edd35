//! `/auth/…`: registering, verifying, logging in, renewing, logging out.

use crate::{
    App, Error, Result,
    http::{Json, cookies},
    services::{
        accounts::{self, Registered, Registration},
        sessions::{self, Credentials, LoggedIn},
        verification::{self, Resend, Verification, Verified},
    },
};
use poem::{
    IntoResponse, Request, Response, handler,
    http::{HeaderValue, StatusCode, header},
    web::Data,
};
use serde::Serialize;
use utoipa::ToSchema;

/// An access token, and how long it lives.
#[derive(Debug, Serialize, ToSchema)]
#[allow(clippy::struct_field_names)] // The names are the contract's.
pub struct AccessToken {
    /// A signed JWT, RS256.
    pub access_token: String,
    /// Always `bearer`.
    #[schema(value_type = String, example = "bearer")]
    pub token_type: &'static str,
    /// Seconds.
    #[schema(example = 900)]
    pub expires_in: i64,
}

/// Registers an account.
#[utoipa::path(
    post, path = "/auth/register", tag = "auth", operation_id = "register",
    summary = "Register an account",
    description = "Makes an account with an unproven address and sends the mail that proves it.",
    request_body = Registration,
    responses(
        (status = 201, description = "The account was made.", body = Registered,
         headers(("Location" = String, description = "The new account: `/users/{id}`."))),
        (status = 409, description = "`EMAIL_ALREADY_EXISTS` or `USERNAME_ALREADY_EXISTS`."),
    ),
)]
#[handler]
pub async fn register(app: Data<&App>, Json(body): Json<Registration>) -> Result<Response> {
    let account = accounts::register(&app, &body).await?;
    let location = format!("/users/{}", account.id);
    let response = poem::web::Json(account)
        .with_status(StatusCode::CREATED)
        .with_header(header::LOCATION, location);
    Ok(not_stored(response))
}

/// Proves an address.
#[utoipa::path(
    post, path = "/auth/verify", tag = "auth", operation_id = "verify",
    summary = "Verify an e-mail address",
    description = "Takes the token of the link in the mail. A token that was used before still says that the address is verified.",
    request_body = Verification,
    responses(
        (status = 200, description = "The address is verified.", body = Verified),
        (status = 422, description = "`INVALID_VERIFICATION_TOKEN`, or `VALIDATION_FAILED`."),
    ),
)]
#[handler]
pub async fn verify(app: Data<&App>, Json(body): Json<Verification>) -> Result<Response> {
    let verified = verification::verify(&app, &body).await?;
    Ok(not_stored(poem::web::Json(verified)))
}

/// Sends the link again.
#[utoipa::path(
    post, path = "/auth/verify/resend", tag = "auth", operation_id = "resend",
    summary = "Send the verification mail again",
    description = "The answer is the same whether or not there is such an account.",
    request_body = Resend,
    responses((status = 202, description = "If an unverified account has this address, a mail is on its way.")),
)]
#[handler]
pub async fn resend(app: Data<&App>, Json(body): Json<Resend>) -> Result<Response> {
    verification::resend(&app, &body).await?;
    Ok(not_stored(StatusCode::ACCEPTED))
}

/// Logs in.
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", operation_id = "login",
    summary = "Log in",
    description = "An unknown address and a wrong password are answered alike.",
    request_body = Credentials,
    responses(
        (status = 200, description = "An access token, and the refresh token as a cookie.", body = AccessToken,
         headers(("Set-Cookie" = String, description = "`refresh_token`, HttpOnly, for 30 days."))),
        (status = 401, description = "`INVALID_CREDENTIALS`"),
        (status = 403, description = "`EMAIL_NOT_VERIFIED`, or `CROSS_SITE_REQUEST`."),
    ),
)]
#[handler]
pub async fn login(app: Data<&App>, Json(body): Json<Credentials>) -> Result<Response> {
    Ok(tokens(&app, sessions::log_in(&app, &body).await?))
}

/// Renews a session.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "auth", operation_id = "refresh",
    summary = "Renew a session",
    description = "Rotates the refresh token of the cookie. For 10 seconds the old one still gives the family's current one; later its use ends the session.",
    params(("refresh_token" = Option<String>, Cookie, description = "The refresh token.")),
    responses(
        (status = 200, description = "A fresh access token and a rotated cookie.", body = AccessToken,
         headers(("Set-Cookie" = String, description = "`refresh_token`, rotated."))),
        (status = 401, description = "`INVALID_REFRESH_TOKEN`; the cookie is cleared."),
    ),
)]
#[handler]
pub async fn refresh(app: Data<&App>, request: &Request) -> Result<Response> {
    let presented = cookies::refresh_tokens(request);
    let log_in = cookies::log_in(request, &app);
    let outcome = match sessions::own_token(&app, &presented, log_in).await? {
        Some(token) => sessions::refresh(&app, &token).await,
        None => Err(Error::InvalidRefreshToken),
    };
    match outcome {
        Ok(renewed) => Ok(tokens(&app, renewed)),
        Err(error @ Error::InvalidRefreshToken) => {
            let envelope = crate::http::errors::ErrorEnvelope::from(&error);
            let mut response = not_stored(poem::web::Json(envelope).with_status(error.status()));
            // Of several, one may be good, and is not lost because others were planted.
            if presented.len() <= 1 {
                cookies::clear(&mut response, &app, cookies::REFRESH_TOKEN);
            }
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// Logs out.
#[utoipa::path(
    post, path = "/auth/logout", tag = "auth", operation_id = "logout",
    summary = "Log out",
    description = "Ends the session of the cookie's refresh token. Doing it twice is no error.",
    params(("refresh_token" = Option<String>, Cookie, description = "The refresh token.")),
    responses((status = 204, description = "The session has ended; the cookie is cleared.",
               headers(("Set-Cookie" = String, description = "`refresh_token`, cleared.")))),
)]
#[handler]
pub async fn logout(app: Data<&App>, request: &Request) -> Result<Response> {
    for token in cookies::refresh_tokens(request) {
        sessions::log_out(&app, Some(&token)).await?;
    }
    let mut response = not_stored(StatusCode::NO_CONTENT);
    cookies::clear(&mut response, &app, cookies::REFRESH_TOKEN);
    Ok(response)
}

fn tokens(app: &App, session: LoggedIn) -> Response {
    let mut response = not_stored(poem::web::Json(AccessToken {
        access_token: session.access_token,
        token_type: "bearer",
        expires_in: crate::crypto::keys::ACCESS_TOKEN_LIFETIME.whole_seconds(),
    }));
    cookies::set_refresh_token(&mut response, app, &session.refresh_token);
    response
}

/// Nobody keeps these answers (RFC 6749 section 5.1).
pub(super) fn not_stored(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}
