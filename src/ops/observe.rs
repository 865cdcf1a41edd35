//! The outermost layer: trace, log line, metrics, and the headers of every answer.

use super::{request_series::RequestSeries, request_span};
use crate::{
    App, caller, database,
    http::{
        Scope,
        headers::Headers,
        scope::{self, TRACE_ID, trace_id},
    },
    trace::{self, Parent},
};
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderValue, header},
};
use std::{sync::Arc, time::Instant};
use tracing::Instrument;

/// How much of a path is logged, in characters: more than ours have.
const LONGEST_PATH: usize = 1_024;

/// The layer.
pub struct Observe<E> {
    app: App,
    inner: E,
    headers: Headers,
    series: RequestSeries,
}

impl<E> Observe<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(app: App, inner: E) -> Self {
        Self {
            headers: Headers::new(&app.config),
            series: RequestSeries::default(),
            inner,
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
        let uri = request.uri().clone();
        let path = scope::first_chars(uri.path(), LONGEST_PATH);
        let span = request_span::start(&request, path, parent.as_ref(), &trace_id);
        let scope = Scope::new(Arc::clone(&trace_id), parent);
        let caller = scope::caller(&request, &self.app, Arc::clone(&trace_id));
        let method = request.method().clone();
        request.extensions_mut().insert(scope.clone());
        request.extensions_mut().insert(self.app.clone());

        // On the heap at once: a request's future is thousands of bytes, which each wrapper would copy.
        let work = database::time_budget::of_request(Box::pin(self.inner.call(request)));
        let work = caller::scope(caller, work);
        let work = trace::within(Arc::clone(&trace_id), work);
        let mut response = work
            .instrument(span.clone())
            .await
            .unwrap_or_else(poem::Error::into_response)
            .into_response();

        self.headers.add(&mut response);
        if let Ok(id) = HeaderValue::try_from(&*trace_id) {
            response.headers_mut().insert(TRACE_ID, id);
        }
        if self.app.is_draining() || scope.closes_connection() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        let took = started.elapsed().as_secs_f64();
        self.series.count(&method, &response, took);
        request_span::note(&span, &method, &response);
        trace::within_sync(Some(trace_id), || {
            tracing::info!(
                user_id = scope.user_id().map(|id| id.to_string()).unwrap_or_default(),
                method = method.as_str(),
                path,
                status_code = response.status().as_u16(),
                duration_ms = took * 1_000.0,
                "request"
            );
        });
        Ok(response)
    }
}
