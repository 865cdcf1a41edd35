//! The span of a request, in OpenTelemetry's words for HTTP servers.

use super::request_series::{NO_ROUTE, OTHER_METHOD, method_label, path_label};
use crate::trace::{self, Parent, SPANS};
use poem::{
    Request, Response,
    http::{Method, StatusCode},
};
use tracing::{Span, field::Empty, info_span};

/// Starts it. `path` is without the query, which may hold a token.
pub(super) fn start(
    request: &Request,
    path: &str,
    parent: Option<&Parent>,
    trace_id: &str,
) -> Span {
    let span = info_span!(
        target: SPANS,
        parent: None,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        users_service.trace_id = trace_id,
        http.request.method = known(request.method()).unwrap_or("_OTHER"),
        http.response.status_code = Empty,
        http.route = Empty,
        url.path = path,
        url.scheme = request.scheme().as_str(),
        "error.type" = Empty,
    );
    trace::begin(&span, parent, trace_id);
    span
}

/// Notes what is known at its end.
pub(super) fn note(span: &Span, method: &Method, response: &Response) {
    if span.is_disabled() {
        return;
    }
    let (name, route) = (known(method).unwrap_or("HTTP"), path_label(response));
    if route == NO_ROUTE {
        trace::rename(span, name.to_owned());
    } else {
        span.record("http.route", &route);
        trace::rename(span, format!("{name} {route}"));
    }
    let status: StatusCode = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "error");
        span.record("error.type", status.as_str());
    }
}

fn known(method: &Method) -> Option<&'static str> {
    Some(method_label(method)).filter(|label| *label != OTHER_METHOD)
}
