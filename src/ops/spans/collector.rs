//! The way to the collector: our HTTP client, behind the exporter's own thread.

use crate::error::Cause;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use reqwest::{Client, redirect::Policy};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::runtime::Handle;

/// For one export, from looking up the host to the last byte.
pub(super) const TIME: Duration = Duration::from_secs(5);
/// How long an answer may be, in bytes.
const MAX_BYTES: usize = 64 * 1_024;

/// The collector.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client,
    runtime: Handle,
    /// Whether the last export failed: said once, not every five seconds.
    away: AtomicBool,
}

impl Collector {
    /// A client that works on the runtime it is made on.
    pub(super) fn new() -> Result<Self, Cause> {
        let client = Client::builder()
            .timeout(TIME)
            // The headers are for the collector and no other.
            .redirect(Policy::none())
            .user_agent("users-service")
            .build()?;
        Ok(Self {
            client,
            runtime: Handle::try_current()?,
            away: AtomicBool::new(false),
        })
    }

    fn note(&self, failure: Option<&str>) {
        let was_away = self.away.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !was_away => {
                tracing::warn!(error, "the collector takes no spans, they are dropped");
            }
            None if was_away => tracing::info!("the collector takes spans again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Sends spans. The exporter's thread has no runtime, so the work is done on ours.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let outcome = self
            .runtime
            .spawn(send(self.client.clone(), request))
            .await?;
        match &outcome {
            Ok(answer) if answer.status().is_success() => self.note(None),
            Ok(answer) => self.note(Some(answer.status().as_str())),
            Err(error) => self.note(Some(&format!("{error:?}"))),
        }
        outcome
    }
}

async fn send(client: Client, request: reqwest::Request) -> Result<Response<Bytes>, HttpError> {
    // The address may hold a key.
    let bare = reqwest::Error::without_url;
    let mut answer = client.execute(request).await.map_err(bare)?;
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(bare)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err("its answer is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
