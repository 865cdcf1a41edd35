//! The cookies that only pages have.

use crate::{App, http::cookies};
use poem::{Request, Response};

/// The value of a cookie of ours.
pub(super) fn get<'a>(request: &'a Request, app: &App, plain: &str) -> Option<&'a str> {
    cookies::own(request, app, plain)
}

/// Adds a cookie to an answer; `max_age` in seconds, none for as long as the browser runs.
pub(super) fn set(
    response: &mut Response,
    app: &App,
    plain: &str,
    value: &str,
    max_age: Option<i64>,
) {
    cookies::set(
        response,
        app,
        &cookies::host_name(app, plain),
        value,
        max_age,
    );
}

/// Takes a cookie away.
pub(super) fn clear(response: &mut Response, app: &App, plain: &str) {
    cookies::clear(response, app, &cookies::host_name(app, plain));
}
