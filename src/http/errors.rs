//! Errors in their two dresses: the envelope for services, a page for people.

use super::Scope;
use crate::{Error, error::FieldError};
use futures_util::FutureExt;
use poem::{
    Endpoint, IntoResponse, PathPattern, Request, Response,
    error::{NotFoundError, ParsePathError, ResponseError},
    http::{HeaderValue, StatusCode, header},
    web::Json,
};
use serde::Serialize;
use std::{future::Future, panic::AssertUnwindSafe};
use utoipa::ToSchema;

/// Everything below these is for services, and answers in JSON whatever is asked.
const JSON_PATHS: &[&str] = &["/auth/", "/.well-known/"];
/// These likewise.
const JSON_FILES: &[&str] = &["/users", "/health", "/livez", "/metrics", "/openapi.json"];

/// The envelope of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorEnvelope {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// The fields that break a rule; only with `VALIDATION_FAILED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub fields: Option<Vec<FieldError>>,
}

impl From<&Error> for ErrorEnvelope {
    fn from(error: &Error) -> Self {
        let (_, code, _) = error.describe();
        let fields = match error {
            Error::Validation(errors) => Some(errors.entries().to_vec()),
            _ => None,
        };
        Self {
            error: ErrorBody {
                code: code.to_owned(),
                message: error.message().into_owned(),
                fields,
            },
        }
    }
}

/// So that handlers use `?`. The layer below finds the error again and dresses it.
impl ResponseError for Error {
    fn status(&self) -> StatusCode {
        Error::status(self)
    }
}

/// Renders an error as a page: `(error, trace id)`.
pub type ErrorPage = fn(&Error, &str) -> String;

/// The layer: whatever fails behind it, a panic included, comes out dressed.
pub struct Errors<E> {
    inner: E,
    page: ErrorPage,
}

impl<E> Errors<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E, page: ErrorPage) -> Self {
        Self { inner, page }
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Errors<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let scope = Scope::of(&request);
        let json = wants_json(&request);
        let outcome = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        outcome.map(move |outcome| match outcome {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_from_response() => Ok(error.into_response()),
            Ok(Err(error)) => {
                // The pattern is the label of the metrics: a new answer must not lose it.
                let pattern = error.data::<PathPattern>().cloned();
                let mut response = self.dressed(&ours(error), json, &scope);
                if let Some(pattern) = pattern {
                    response.extensions_mut().insert(pattern);
                }
                Ok(response)
            }
            Err(_) => Ok(self.dressed(&Error::internal("a handler panicked"), json, &scope)),
        })
    }
}

impl<E> Errors<E> {
    fn dressed(&self, error: &Error, json: bool, scope: &Scope) -> Response {
        log(error);
        let mut response = if json {
            Json(ErrorEnvelope::from(error)).into_response()
        } else {
            let page = (self.page)(error, scope.trace_id());
            poem::web::Html(page).into_response()
        };
        finish(&mut response, error);
        response
    }
}

/// Status and headers of an error's answer.
fn finish(response: &mut Response, error: &Error) {
    response.set_status(error.status());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    match error {
        Error::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Error::MethodNotAllowed { allow } => {
            if let Ok(allow) = HeaderValue::try_from(allow) {
                headers.insert(header::ALLOW, allow);
            }
        }
        _ => {}
    }
}

/// Ours as it is; the framework's by what it means.
fn ours(error: poem::Error) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(error) => return error,
        Err(error) => error,
    };
    // A path that is no UTF-8 is nobody's.
    if error.is::<NotFoundError>() || error.is::<ParsePathError>() {
        return Error::NotFound;
    }
    match error.status() {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Error::PayloadTooLarge,
        status if status.is_client_error() => {
            Error::Malformed("The request could not be understood.")
        }
        _ => Error::internal(error.to_string()),
    }
}

/// Writes what is no fault of the client into the log, with its causes.
pub fn log(error: &Error) {
    match error {
        Error::Internal(cause) => {
            tracing::error!(%error, causes = chain(cause), "request failed");
        }
        Error::Unavailable(cause) => {
            tracing::warn!(%error, causes = chain(cause), "request failed");
        }
        _ => {}
    }
}

/// An error's causes, the nearest first.
fn chain(cause: &crate::error::Cause) -> String {
    let mut text = String::new();
    let mut next = cause.source();
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

/// Whether a path is of the JSON API.
#[must_use]
pub fn is_json_path(path: &str) -> bool {
    let below = |file: &str| {
        let rest = path.strip_prefix(file);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    JSON_FILES.iter().any(|file| below(file))
        || JSON_PATHS.iter().any(|prefix| path.starts_with(prefix))
}

/// Whether an error is to be told in JSON: on the JSON API always, elsewhere when `Accept` names
/// JSON and not HTML.
#[must_use]
pub fn wants_json(request: &Request) -> bool {
    is_json_path(request.uri().path()) || accepts_json(request)
}

fn accepts_json(request: &Request) -> bool {
    let accept: String = request
        .headers()
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase)
        .collect();
    accept.contains("application/json") && !accept.contains("text/html")
}
