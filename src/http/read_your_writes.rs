//! Browsers that changed something a moment ago: for a while their reads come from the primary.

use super::cookies;
use crate::{App, services::freshness::Freshness};
use futures_util::TryFutureExt;
use poem::{
    Endpoint, FromRequest, Request, RequestBody, Response,
    http::{Method, header},
    web::Data,
};
use std::{future::Future, time::Duration};

/// The cookie of a browser that changed something.
const WRITTEN: &str = "written";
/// How much longer it is kept than a replica may be behind: ages of cookies are whole seconds.
const MARGIN: Duration = Duration::from_secs(2);

/// How fresh the reads of a request without a token must be.
#[must_use]
pub fn freshness(request: &Request, app: &App) -> Freshness {
    match cookies::own(request, app, WRITTEN).next() {
        Some(_) => Freshness::Exact,
        None => Freshness::Recent,
    }
}

impl<'a> FromRequest<'a> for Freshness {
    /// Of a look-up: who sends a token may have written with it.
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let Data(app) = Data::<&App>::from_request(request, body).await?;
        if request.headers().contains_key(header::AUTHORIZATION) {
            return Ok(Self::Exact);
        }
        Ok(freshness(request, app))
    }
}

/// Marks the browsers whose requests may have changed something.
pub struct MarkWrites<E>(E);

impl<E> MarkWrites<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for MarkWrites<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let app = request.extensions().get::<App>().cloned();
        let app = app.filter(|app| !app.replicas.each().is_empty());
        let is_safe = matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        self.0.call(request).map_ok(move |mut response| {
            // What was refused changed nothing; what failed may have.
            if let Some(app) = app
                && !is_safe
                && !response.status().is_client_error()
            {
                let kept = (app.replicas.max_lag() + MARGIN).as_secs();
                let age = i64::try_from(kept).unwrap_or(i64::MAX);
                let name = cookies::host_name(&app, WRITTEN);
                cookies::set(&mut response, &app, &name, "1", Some(age));
            }
            response
        })
    }
}
