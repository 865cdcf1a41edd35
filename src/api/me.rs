//! `/users/me`: one's own profile.

use super::bearer::SessionBearer;
use crate::{
    App, Result,
    domain::Profile,
    http::{
        Json,
        conditional::{self, NO_STORE},
    },
    services::{
        people,
        profiles::{self, ProfileForm},
    },
};
use poem::{Request, Response, handler, web::Data};

/// Shows one's own profile.
#[utoipa::path(
    get, path = "/users/me", tag = "profile", operation_id = "me",
    summary = "One's own profile",
    responses(
        (status = 200, description = "The whole profile.", body = Profile),
        (status = 304),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn show(app: Data<&App>, who: SessionBearer, request: &Request) -> Result<Response> {
    let account = people::own_recent(&app, who.user_id).await?;
    conditional::json(request, &account.profile, NO_STORE)
}

/// Changes one's own profile.
#[utoipa::path(
    patch, path = "/users/me", tag = "profile", operation_id = "changeMe",
    summary = "Change one's own profile",
    description = "Absent fields are untouched, `null` clears.",
    request_body = ProfileForm,
    responses((status = 200, description = "The whole profile.", body = Profile)),
    security(("bearer" = [])),
)]
#[handler]
pub async fn change(
    app: Data<&App>,
    who: SessionBearer,
    Json(form): Json<ProfileForm>,
) -> Result<Response> {
    let profile = profiles::change(&app, who.user_id, who.session_id, &form).await?;
    Ok(super::users::private(poem::web::Json(profile)))
}
