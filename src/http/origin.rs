//! Where a request came from: other sites are refused, allowed origins may call the JSON API.

use super::errors::is_json_path;
use crate::{App, Config, Error, Result};
use futures_util::{
    TryFutureExt,
    future::{Either, ready},
};
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use std::future::Future;

/// Refuses unsafe requests that another site caused (OWASP CSRF Cheat Sheet, Fetch Metadata).
///
/// # Errors
/// `CrossSite`
pub fn check(request: &Request) -> Result<()> {
    match request.extensions().get::<App>() {
        Some(app) if is_cross_site(request, &app.config) && !is_own_page(request) => {
            Err(Error::CrossSite)
        }
        _ => Ok(()),
    }
}

/// Refuses a form of a page of ours that was opened at another address than `PUBLIC_URL`: [`check`] lets
/// it pass, so that its page can say so and what was typed is not lost.
///
/// # Errors
/// `OtherAddress`
pub fn check_form(request: &Request) -> Result<()> {
    match request.extensions().get::<App>() {
        Some(app) if is_cross_site(request, &app.config) => Err(Error::OtherAddress {
            public_url: app.config.public_url.clone(),
        }),
        _ => Ok(()),
    }
}

/// Whether a request comes from a page of the address that it goes to, by what browsers say that know no
/// `Sec-Fetch-Site`, and others over plain http.
fn is_own_page(request: &Request) -> bool {
    let origin = request.header(header::ORIGIN).unwrap_or_default();
    let from = origin.split_once("://").map(|(_, host)| host);
    request.header("sec-fetch-site").is_none()
        && !is_json_path(request.uri().path())
        && from.is_some_and(|from| request.header(header::HOST) == Some(from))
}

fn is_cross_site(request: &Request, config: &Config) -> bool {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    );
    if safe || allowed_origin(request, config).is_some() {
        return false;
    }
    match (
        request.headers().get("sec-fetch-site"),
        request.headers().get(header::ORIGIN),
    ) {
        (Some(site), _) => site != "same-origin" && site != "none",
        (None, Some(origin)) => origin.as_bytes() != config.public_url.as_bytes(),
        (None, None) => false,
    }
}

/// The origin of a request to the JSON API, when the configuration allows it.
fn allowed_origin(request: &Request, config: &Config) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    let allowed = config
        .cors_allowed_origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes());
    (allowed && is_json_path(request.uri().path())).then(|| origin.clone())
}

/// Lets pages of allowed origins call the JSON API (Fetch standard, CORS), with credentials.
pub struct Cors<E>(E);

impl<E> Cors<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Cors<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let origin = request
            .extensions()
            .get::<App>()
            .filter(|app| !app.config.cors_allowed_origins.is_empty())
            .map(|app| allowed_origin(&request, &app.config));
        // No origin is allowed at all: answers don't depend on it.
        let Some(origin) = origin else {
            return Either::Left(self.0.call(request));
        };
        let preflight = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let answer = if preflight && origin.is_some() {
            let mut response = StatusCode::NO_CONTENT.into_response();
            allow_everything(response.headers_mut());
            Either::Left(ready(Ok(response)))
        } else {
            Either::Right(self.0.call(request))
        };
        Either::Right(answer.map_ok(|mut response| {
            allow(response.headers_mut(), origin);
            response
        }))
    }
}

/// What an answer says of who may read it.
fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("ETag, Location, Retry-After, X-Trace-Id"),
        );
    }
}

/// What a preflight asks for.
fn allow_everything(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Authorization, Content-Type, If-None-Match, X-Trace-Id, traceparent, tracestate",
        ),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
}
