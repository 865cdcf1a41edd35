//! Takes a request's body in before its handler runs: bounded in bytes, in time, and in the memory
//! that all bodies take together, in one place.

use super::Scope;
use crate::Error;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, future::Either};
use poem::{Endpoint, Request, Response, http::header};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest JSON or form body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The largest upload of a picture with what multipart adds around it, in bytes.
pub const MAX_UPLOAD: usize = crate::services::avatars::MAX_BYTES + MAX_BODY;
/// How much of a body that is too large is read and dropped, so that the client, busy sending,
/// still gets to read the answer.
const MAX_DROPPED: usize = 16 * 1024 * 1024 + MAX_BODY;
/// What the bodies of all requests under way may take together, in bytes: some sixty pictures, or
/// two thousand forms of the largest size.
const ROOM: usize = 128 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Marks a request whose body was over its limit and is not there any more.
#[derive(Debug, Clone, Copy)]
pub struct TooLarge;

/// The layer: the endpoint behind it finds the whole body in memory.
pub struct Intake<E> {
    inner: E,
    room: Arc<Semaphore>,
}

impl<E> Intake<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E) -> Self {
        Self {
            inner,
            room: Arc::new(Semaphore::new(ROOM)),
        }
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Intake<E> {
    type Output = Response;

    /// Not an `async fn`, like the other layers: it would hold the request twice, and each layer's future
    /// is copied with all that it holds.
    fn call(&self, mut request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let body = request.take_body();
        // As most requests are: there is nothing to bound.
        if body.is_empty() {
            return Either::Left(self.inner.call(request));
        }
        request.set_body(body);
        Either::Right(Box::pin(self.with_body(request)))
    }
}

impl<E: Endpoint<Output = Response>> Intake<E> {
    async fn with_body(&self, mut request: Request) -> poem::Result<Response> {
        let limit = if is_upload(&request) {
            MAX_UPLOAD
        } else {
            MAX_BODY
        };
        let taking = take_in(&mut request, limit, Arc::clone(&self.room));
        let taken = tokio::time::timeout(BODY_TIME, taking).await;
        let taken = taken
            .unwrap_or(Err(Error::RequestTimeout))
            .inspect_err(|_| Scope::of(&request).close_connection())?;
        // Its room is held until the handler is done with the body.
        let _room = if let Some((body, room)) = taken {
            request.set_body(body);
            Some(room)
        } else {
            Scope::of(&request).close_connection();
            request.extensions_mut().insert(TooLarge);
            None
        };
        self.inner.call(request).await
    }
}

/// The paths of pictures, for who could be allowed to upload: nobody else fills our memory.
fn is_upload(request: &Request) -> bool {
    let headers = request.headers();
    matches!(request.uri().path(), "/users/me/avatar" | "/profile/avatar")
        && (headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE))
}

/// The whole body and its room; none when it is over the limit. What is refused is read and dropped.
async fn take_in(
    request: &mut Request,
    limit: usize,
    room: Arc<Semaphore>,
) -> Result<Option<(Bytes, OwnedSemaphorePermit)>, Error> {
    let announced = request
        .header(header::CONTENT_LENGTH)
        .and_then(|length| length.parse::<usize>().ok());
    // A client that asks first has sent nothing yet, and reads the answer at once.
    if request.header(header::EXPECT).is_some() && announced.is_some_and(|length| length > limit) {
        return Ok(None);
    }
    let mut body = request.take_body().into_bytes_stream();
    let mut kept = Some((BytesMut::new(), more_room(0, &room)?));
    let mut seen = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Error::Malformed("The request's body broke off."))?;
        seen += chunk.len();
        if seen > MAX_DROPPED {
            return Ok(None);
        }
        kept = match (kept, more_room(chunk.len(), &room)) {
            (Some((mut bytes, mut taken)), Ok(more)) if seen <= limit => {
                taken.merge(more);
                bytes.extend_from_slice(&chunk);
                Some((bytes, taken))
            }
            _ => None,
        };
    }
    match kept {
        Some((bytes, taken)) => Ok(Some((bytes.freeze(), taken))),
        None if seen > limit => Ok(None),
        None => Err(no_room()),
    }
}

/// Room for so many bytes more.
fn more_room(bytes: usize, room: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Error> {
    let bytes = u32::try_from(bytes).map_err(Error::internal)?;
    let room = Arc::clone(room).try_acquire_many_owned(bytes);
    room.map_err(|_| no_room())
}

fn no_room() -> Error {
    Error::unavailable("the bodies under way take all the memory they may")
}

/// Whether this request's body was over its limit.
#[must_use]
pub fn was_too_large(request: &Request) -> bool {
    request.extensions().get::<TooLarge>().is_some()
}
