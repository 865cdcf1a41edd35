//! The outermost layer: trace, log line, metrics, and the headers of every answer.

use super::request_span;
use crate::{
    App, caller,
    http::{
        Scope,
        headers::Headers,
        scope::{self, trace_id},
    },
    openapi, storage,
    trace::{self, Parent},
};
use metrics::{counter, histogram};
use poem::{
    Endpoint, IntoResponse, PathPattern, Request, Response,
    http::{HeaderValue, Method, header},
};
use std::{sync::Arc, time::Instant};
use tracing::Instrument;

/// What a request without a route is counted under.
pub(super) const NO_ROUTE: &str = "unmatched";
/// What methods that clients invent are counted under.
pub(super) const OTHER_METHOD: &str = "OTHER";
/// How much of a path is logged, in characters: more than ours have.
const LONGEST_PATH: usize = 1_024;
/// The statuses of the service's own failures.
const FAILURES: [&str; 2] = ["500", "503"];

/// The layer.
pub struct Observe<E> {
    app: App,
    inner: Arc<E>,
    headers: Headers,
}

impl<E> Observe<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(app: App, inner: E) -> Self {
        Self {
            headers: Headers::new(&app.config),
            inner: Arc::new(inner),
            app,
        }
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Observe<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        let parent = Parent::of(request.headers());
        let trace_id = trace_id(&request, parent.as_ref());
        let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
        let span = request_span::start(&request, &path, parent.as_ref(), &trace_id);
        let scope = Scope::new(trace_id.clone(), parent);
        let caller = scope::caller(&request, &self.app, trace_id.clone());
        let method = request.method().clone();
        request.extensions_mut().insert(scope.clone());
        request.extensions_mut().insert(self.app.clone());

        let work = storage::patience::of_request(self.inner.call(request));
        let work = caller::scope(caller, work);
        let mut response = work
            .instrument(trace::lines(&trace_id))
            .instrument(span.clone())
            .await
            .unwrap_or_else(poem::Error::into_response)
            .into_response();

        self.headers.add(&mut response);
        if let Ok(id) = HeaderValue::try_from(&trace_id) {
            response.headers_mut().insert("x-trace-id", id);
        }
        if self.app.is_draining() || scope.closes_connection() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        let took = started.elapsed().as_secs_f64();
        count(&method, &response, took);
        request_span::note(&span, &method, &response);
        tracing::info!(
            trace_id,
            user_id = scope.user_id().map(|id| id.to_string()).unwrap_or_default(),
            method = method.as_str(),
            path,
            status_code = response.status().as_u16(),
            duration_ms = took * 1_000.0,
            "request"
        );
        Ok(response)
    }
}

/// The counters of the alerts start at zero: a series that begins with 1 never rose, so Prometheus
/// would miss the first failure of an endpoint, and the first refused log-in. Those of a page start
/// with its first request.
pub fn count_from_zero() {
    let refused = [("POST", "/auth/login", "401"), ("POST", "/login", "401")];
    let doors = openapi::endpoints().chain([("POST", "/login")]);
    let failures = doors.flat_map(|(method, path)| FAILURES.map(|status| (method, path, status)));
    for (method, path, status) in refused.into_iter().chain(failures) {
        let labels = [("method", method), ("path", path), ("status", status)];
        counter!("http_requests_total", &labels).increment(0);
    }
}

fn count(method: &Method, response: &Response, seconds: f64) {
    let labels_of = |status: &str| {
        [
            ("method", method_label(method).to_owned()),
            ("path", path_label(response)),
            ("status", status.to_owned()),
        ]
    };
    // The same for the failures of every route that was ever asked for.
    for failure in FAILURES {
        counter!("http_requests_total", &labels_of(failure)).increment(0);
    }
    let labels = labels_of(response.status().as_str());
    counter!("http_requests_total", &labels).increment(1);
    histogram!("http_request_duration_seconds", &labels).record(seconds);
}

/// Methods that clients invent must not become series.
pub(super) fn method_label(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => OTHER_METHOD,
    }
}

/// The route's pattern, `/users/:id` written as `/users/{id}`; never a raw path.
pub(super) fn path_label(response: &Response) -> String {
    let pattern = match response.data::<PathPattern>() {
        Some(PathPattern(pattern)) if !pattern.is_empty() => pattern,
        _ => return NO_ROUTE.to_owned(),
    };
    let mut label = String::with_capacity(pattern.len() + 4);
    let mut in_name = false;
    for c in pattern.chars() {
        match c {
            ':' => {
                in_name = true;
                label.push('{');
            }
            '/' if in_name => {
                in_name = false;
                label.push_str("}/");
            }
            c => label.push(c),
        }
    }
    if in_name {
        label.push('}');
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_patterns_in_braces() {
        let of = |pattern: &str| {
            let mut response = Response::default();
            response.set_data(PathPattern(pattern.into()));
            path_label(&response)
        };
        assert_eq!(of("/users/:id/follow"), "/users/{id}/follow");
        assert_eq!(of("/@:username"), "/@{username}");
        assert_eq!(of("/login"), "/login");
        assert_eq!(path_label(&Response::default()), NO_ROUTE);
    }
}
