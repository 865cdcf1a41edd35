//! Asking the Posts Service over HTTP, without waiting for it longer than a page can.

use super::Asking;
use crate::error::Cause;
use reqwest::{Client, Response, StatusCode, Url, redirect::Policy};
use std::time::Duration;
use tokio::time::timeout;

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
        match timeout(ATTEMPT, self.ask(asking)).await {
            Ok(outcome) => outcome,
            Err(late) => Err(Failure::Final(late.into())),
        }
    }

    async fn ask(&self, asking: Asking<'_>) -> Result<Vec<u8>, Failure> {
        let mut request = self
            .client
            .get(self.feed.clone())
            .bearer_auth(asking.access_token)
            .header("Accept", "application/json")
            .header("X-Trace-Id", asking.trace_id);
        if let Some(parent) = asking.traceparent {
            request = request.header("traceparent", parent);
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| Failure::Passing(error.without_url().into()))?;
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
