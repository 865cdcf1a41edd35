//! Asking the Posts Service over HTTP, without waiting for it longer than a page can.

use super::Asking;
use crate::{
    error::Cause,
    trace::{self, SPANS},
};
use reqwest::{Client, Response, StatusCode, Url, redirect::Policy};
use std::time::Duration;
use tokio::time::timeout;
use tracing::{Instrument, Span, field::Empty, info_span};

/// How many posts are asked for, and shown at most.
pub(super) const PAGE_SIZE: usize = 20;
/// For one attempt, from looking up the host to the last byte.
const ATTEMPT: Duration = Duration::from_secs(1);
/// How long an answer may be, in bytes.
const MAX_BYTES: usize = 256 * 1_024;

/// The Posts Service: one client, whose connections are kept.
pub struct PostsService {
    client: Client,
    feed: Url,
}

/// Why an attempt gave nothing.
enum Failure {
    /// A second attempt may do better, and the first was over at once.
    Passing(Cause),
    /// It would be the same again, or too late.
    Final(Cause),
}

impl PostsService {
    /// The service below this address.
    pub fn new(base: &Url) -> Result<Self, Cause> {
        let client = Client::builder()
            // The token is for this service and no other: neither where a redirect leads to,
            // nor a proxy on the way.
            .redirect(Policy::none())
            .no_proxy()
            .user_agent("users-service")
            .build()?;
        let mut feed = base.clone();
        feed.set_path(&format!("{}/feed", base.path().trim_end_matches('/')));
        feed.set_query(Some(&format!("page=1&page_size={PAGE_SIZE}")));
        Ok(Self { client, feed })
    }

    /// The body of the first page of posts. Asks twice at most, and never again after a time-out.
    pub(super) async fn feed(&self, asking: Asking<'_>) -> Result<Vec<u8>, Cause> {
        let first = self.attempt(asking).await;
        let outcome = match first {
            Err(Failure::Passing(_)) => self.attempt(asking).await,
            decided => decided,
        };
        outcome.map_err(|failure| match failure {
            Failure::Passing(cause) | Failure::Final(cause) => cause,
        })
    }

    async fn attempt(&self, asking: Asking<'_>) -> Result<Vec<u8>, Failure> {
        let span = self.span();
        let asked = self.ask(asking, &span).instrument(span.clone());
        let outcome = match timeout(ATTEMPT, asked).await {
            Ok(outcome) => outcome,
            Err(late) => Err(Failure::Final(late.into())),
        };
        if outcome.is_err() {
            span.record("otel.status_code", "error");
        }
        outcome
    }

    /// The span of an attempt, in OpenTelemetry's words for HTTP clients.
    fn span(&self) -> Span {
        info_span!(
            target: SPANS,
            "GET",
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = "GET",
            http.response.status_code = Empty,
            server.address = self.feed.host_str(),
            server.port = self.feed.port_or_known_default(),
            url.full = self.feed.as_str(),
        )
    }

    async fn ask(&self, asking: Asking<'_>, span: &Span) -> Result<Vec<u8>, Failure> {
        let mut request = self
            .client
            .get(self.feed.clone())
            .bearer_auth(asking.access_token)
            .header("Accept", "application/json")
            .header("X-Trace-Id", asking.trace_id);
        for (name, value) in trace::outgoing(span, asking.parent) {
            request = request.header(name, value);
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| Failure::Passing(error.without_url().into()))?;
        span.record("http.response.status_code", answer.status().as_u16());
        match answer.status() {
            StatusCode::OK => body(answer).await.map_err(Failure::Final),
            status if status.is_server_error() => {
                Err(Failure::Passing(format!("it answered {status}").into()))
            }
            status => Err(Failure::Final(format!("it answered {status}").into())),
        }
    }
}

async fn body(mut answer: Response) -> Result<Vec<u8>, Cause> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err("its answer is too long".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
