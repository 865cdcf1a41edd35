//! The cookies that only pages have.

use crate::{App, http::cookies};
use poem::{Request, Response};

/// The values of a cookie of ours, in the order of the request. Usually there is one; whoever reads it
/// takes the first that is truly ours.
pub(in crate::web) fn all<'a>(
    request: &'a Request,
    app: &App,
    plain: &'a str,
) -> impl Iterator<Item = &'a str> + use<'a> {
    cookies::own(request, app, plain)
}

/// Adds a cookie to an answer; `max_age` in seconds, none for as long as the browser runs.
pub(in crate::web) fn set(
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
pub(in crate::web) fn clear(response: &mut Response, app: &App, plain: &str) {
    cookies::clear(response, app, &cookies::host_name(app, plain));
}
