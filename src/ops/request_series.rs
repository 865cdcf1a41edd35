//! The metrics of requests: a counter and a histogram for each route, method and status.

use metrics::{Counter, Histogram, counter, histogram};
use poem::{
    PathPattern, Response,
    http::{Method, StatusCode},
};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

/// What a request without a route is counted under.
pub(super) const NO_ROUTE: &str = "unmatched";
/// What methods that clients invent are counted under.
pub(super) const OTHER_METHOD: &str = "OTHER";
/// The statuses of the service's own failures.
const FAILURES: [&str; 2] = ["500", "503"];

/// The series that were asked for so far, by the pattern of their route: finding one takes no
/// making of labels, which would cost more than the counting. There are as many as the labels allow.
#[derive(Default)]
pub(super) struct RequestSeries(RwLock<HashMap<String, Vec<Series>>>);

/// Those of one route, method and status.
struct Series {
    method: &'static str,
    status: StatusCode,
    requests: Counter,
    seconds: Histogram,
}

impl RequestSeries {
    /// Counts an answer and how long it took.
    pub(super) fn count(&self, method: &Method, response: &Response, seconds: f64) {
        let (pattern, method, status) =
            (pattern(response), method_label(method), response.status());
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of_route = known.get(pattern).map(Vec::as_slice).unwrap_or_default();
        let is_asked = |series: &&Series| series.method == method && series.status == status;
        if let Some(series) = of_route.iter().find(is_asked) {
            return series.count(seconds);
        }
        drop(known);
        let series = Series::new(method, pattern, status);
        series.count(seconds);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(pattern.to_owned()).or_default().push(series);
    }
}

impl Series {
    fn new(method: &'static str, pattern: &str, status: StatusCode) -> Self {
        let path = in_braces(pattern);
        let labels_of = |status: &str| {
            [
                ("method", method.to_owned()),
                ("path", path.clone()),
                ("status", status.to_owned()),
            ]
        };
        // The same as below for every route that was ever asked for.
        for failure in FAILURES {
            counter!("http_requests_total", &labels_of(failure)).increment(0);
        }
        let labels = labels_of(status.as_str());
        Self {
            method,
            status,
            requests: counter!("http_requests_total", &labels),
            seconds: histogram!("http_request_duration_seconds", &labels),
        }
    }

    fn count(&self, seconds: f64) {
        self.requests.increment(1);
        self.seconds.record(seconds);
    }
}

/// The counters of the alerts start at zero: a series that begins with 1 never rose, so Prometheus
/// would miss the first failure of an endpoint, and the first refused log-in. Those of a page start
/// with its first request.
pub(super) fn count_from_zero(endpoints: impl Iterator<Item = (&'static str, &'static str)>) {
    let refused = [("POST", "/auth/login", "401"), ("POST", "/login", "401")];
    let doors = endpoints.chain([("POST", "/login")]);
    let failures = doors.flat_map(|(method, path)| FAILURES.map(|status| (method, path, status)));
    for (method, path, status) in refused.into_iter().chain(failures) {
        let labels = [("method", method), ("path", path), ("status", status)];
        counter!("http_requests_total", &labels).increment(0);
    }
}

/// Methods that clients invent must not become series.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER_METHOD,
    }
}

/// The route's pattern, `/users/:id` written as `/users/{id}`; never a raw path.
pub(super) fn path_label(response: &Response) -> String {
    in_braces(pattern(response))
}

fn pattern(response: &Response) -> &str {
    match response.data::<PathPattern>() {
        Some(PathPattern(pattern)) if !pattern.is_empty() => pattern,
        _ => NO_ROUTE,
    }
}

fn in_braces(pattern: &str) -> String {
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
