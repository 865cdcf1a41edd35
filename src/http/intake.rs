//! Takes a request's body in before its handler runs: bounded in bytes and in time, in one place.

use super::Scope;
use crate::Error;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use poem::{Endpoint, Request, Response, http::header};
use std::{sync::Arc, time::Duration};

/// The largest JSON or form body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The largest upload of a picture with what multipart adds around it, in bytes.
pub const MAX_UPLOAD: usize = crate::services::avatars::MAX_BYTES + MAX_BODY;
/// How much of a body that is too large is read and dropped, so that the client, busy sending,
/// still gets to read the answer.
const MAX_DROPPED: usize = 16 * 1024 * 1024 + MAX_BODY;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Marks a request whose body was over its limit and is not there any more.
#[derive(Debug, Clone, Copy)]
pub struct TooLarge;

/// The layer: the endpoint behind it finds the whole body in memory.
pub struct Intake<E> {
    inner: Arc<E>,
}

impl<E> Intake<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Intake<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let limit = if is_upload(&request) {
            MAX_UPLOAD
        } else {
            MAX_BODY
        };
        match tokio::time::timeout(BODY_TIME, take_in(&mut request, limit)).await {
            Err(_) => {
                Scope::of(&request).close_connection();
                return Err(Error::RequestTimeout.into());
            }
            Ok(Err(())) => return Err(Error::Malformed("The request's body broke off.").into()),
            Ok(Ok(None)) => {
                Scope::of(&request).close_connection();
                request.extensions_mut().insert(TooLarge);
            }
            Ok(Ok(Some(body))) => request.set_body(body),
        }
        self.inner.call(request).await
    }
}

/// The paths of pictures, for who could be allowed to upload: nobody else fills our memory.
fn is_upload(request: &Request) -> bool {
    let headers = request.headers();
    matches!(request.uri().path(), "/users/me/avatar" | "/profile/avatar")
        && (headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE))
}

/// The whole body; none when it is over the limit.
async fn take_in(request: &mut Request, limit: usize) -> Result<Option<Bytes>, ()> {
    let announced = request
        .header(header::CONTENT_LENGTH)
        .and_then(|length| length.parse::<usize>().ok());
    // A client that asks first has sent nothing yet, and reads the answer at once.
    if request.header(header::EXPECT).is_some() && announced.is_some_and(|length| length > limit) {
        return Ok(None);
    }
    let mut body = request.take_body().into_bytes_stream();
    let mut kept = BytesMut::new();
    let mut seen = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(drop)?;
        seen += chunk.len();
        if seen > MAX_DROPPED {
            return Ok(None);
        }
        if seen <= limit {
            kept.extend_from_slice(&chunk);
        } else {
            kept.clear();
        }
    }
    Ok((seen <= limit).then(|| kept.freeze()))
}

/// Whether this request's body was over its limit.
#[must_use]
pub fn was_too_large(request: &Request) -> bool {
    request.extensions().get::<TooLarge>().is_some()
}
