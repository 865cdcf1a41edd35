//! The JSON surface: one file per noun. Handlers say who is asking, call one service function,
//! and choose the status.

pub(crate) mod auth;
pub(crate) mod avatars;
mod bearer;
pub(crate) mod devices;
pub(crate) mod follows;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod leaving;
pub(crate) mod me;
pub(crate) mod reauthentication;
pub(crate) mod recovery;
pub(crate) mod revocations;
pub(crate) mod settings;
mod target;
pub(crate) mod users;

use crate::http::methods::{delete, get, post, put};
use poem::Route;

/// Adds the API's paths to a router.
#[must_use]
pub fn routes(route: Route) -> Route {
    route
        .at("/auth/register", post(auth::register))
        .at("/auth/verify", post(auth::verify))
        .at("/auth/verify/resend", post(auth::resend))
        .at("/auth/login", post(auth::login))
        .at("/auth/refresh", post(auth::refresh))
        .at("/auth/logout", post(auth::logout))
        .at("/auth/revocations", get(revocations::list))
        .at("/auth/password/forgot", post(recovery::forgot))
        .at("/auth/password/reset", post(recovery::reset))
        .at("/users", get(users::find))
        .at(
            "/users/me",
            get(me::show).patch(me::change).delete(leaving::delete),
        )
        .at("/users/me/export", post(leaving::export))
        .at(
            "/users/me/avatar",
            put(avatars::put).delete(avatars::remove),
        )
        .at("/users/me/email", put(settings::email))
        .at("/users/me/password", put(settings::password))
        .at("/users/me/username", put(settings::username))
        .at(
            "/users/me/sessions",
            get(devices::list).delete(devices::end_others),
        )
        .at("/users/me/sessions/:id", delete(devices::end))
        .at("/users/me/history", get(history::list))
        .at(
            "/users/me/reauthenticate",
            post(reauthentication::reauthenticate),
        )
        .at("/users/:id", get(users::show))
        .at(
            "/users/:id/follow",
            post(follows::follow).delete(follows::unfollow),
        )
        .at("/users/:id/followers", get(follows::followers))
        .at("/users/:id/followees", get(follows::followees))
        .at("/avatars/:name", get(avatars::file))
        .at("/.well-known/jwks.json", get(keys::jwks))
}
