//! The HTTP server: hyper's, with the bounds on slow clients that the framework's own lacks.

use super::{
    listener::{HANDSHAKE, Listener},
    open_files,
    slow_reader::Paced,
};
use crate::{App, http::head::MAX_HEAD};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use poem::{
    Endpoint, Request, Response,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

/// How long a request's head may take to arrive, and an idle connection may stay.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// The same while places are short: so a flood of connections that send nothing makes room for
/// others within a second.
const CROWDED_HEAD_TIME: Duration = Duration::from_secs(1);
/// How much of a head is taken in, in bytes. One above [`MAX_HEAD`] is refused in words; a larger one
/// gets the HTTP library's bare 431.
pub const MAX_READ: usize = 64 * 1024;
/// While there are more connections than this, [`MAX_HEAD`] is all that a new one may have us keep: so
/// those words cost 32 MiB at most, whoever asks for them.
const ROOMY: usize = 512;
/// How long new connections are still served once the service is about to stop, and how long a
/// connection has from then on to send a request: a proxy that does not know yet sends some.
const LINGER: Duration = Duration::from_secs(1);
/// How long running requests may take to finish once the listener has closed.
const FINISH: Duration = Duration::from_secs(10);
/// How long draining takes at most.
pub(super) const DRAINS_WITHIN: Duration = LINGER.saturating_add(HANDSHAKE).saturating_add(FINISH);
/// The most connections at once; more wait to be accepted.
pub const MAX_CONNECTIONS: u32 = 16_384;
/// The pause after `accept` failed, as it does while the process has no file left to open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready, then drains: for a second more with `Connection: close`, then
/// the listener closes and running requests finish.
pub async fn serve<E>(app: App, listener: Listener, endpoint: E, stop: impl Future<Output = ()>)
where
    E: Endpoint<Output = Response> + 'static,
{
    let endpoint = Arc::new(endpoint);
    let most = most_connections(open_files::raise());
    let places = Arc::new(Semaphore::new(most as usize));
    let (draining, drains) = watch::channel(false);
    {
        let mut closing = pin!(async {
            stop.await;
            app.start_draining();
            draining.send_replace(true);
            sleep(LINGER).await;
            listener.turn_away().await;
        });
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                () = &mut closing => break,
                accepted = accepted => accepted,
            };
            let Ok((stream, remote)) = accepted else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Some(service) = connection(&stream, remote, &endpoint) else {
                continue;
            };
            let crowded = places.available_permits() < most as usize / 4;
            let head_time = if crowded {
                CROWDED_HEAD_TIME
            } else {
                HEAD_TIME
            };
            let taken = most as usize - places.available_permits();
            let max_read = if taken > ROOMY { MAX_HEAD } else { MAX_READ };
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(head_time)
                .keep_alive(!crowded)
                // Head and body in one piece: cheaper for answers as short as ours than one write of two.
                .writev(false)
                .max_buf_size(max_read)
                .serve_connection(TokioIo::new(Paced::new(stream)), service_fn(service));
            let drains = drains.clone();
            tokio::spawn(async move {
                until_its_end(connection, drains).await;
                drop(place);
            });
        }
    }
    drop(listener);
    if timeout(FINISH, places.acquire_many(most)).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

/// Serves a connection until it ends, which it does politely once the service drains: after the
/// request that runs, or after a second without one.
async fn until_its_end<C>(connection: C, mut drains: watch::Receiver<bool>)
where
    C: GracefulConnection<Error = hyper::Error>,
{
    let mut connection = pin!(connection);
    let goes = async {
        drains.wait_for(|drains| *drains).await.ok();
        sleep(LINGER).await;
    };
    // In this order: what has arrived is seen before the connection is given up.
    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended,
        () = goes => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A client that went away, or was too slow, is no news.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// How many connections there may be: of the files that this process may open, a quarter is left
/// for the database, mails and pictures.
pub(super) fn most_connections(files: u64) -> u32 {
    let places = u32::try_from(files / 4 * 3).unwrap_or(MAX_CONNECTIONS);
    places.min(MAX_CONNECTIONS)
}

type Answer = Result<hyper::Response<BoxBody<Bytes, std::io::Error>>, Infallible>;

/// The function that answers the requests of one connection.
fn connection<E: Endpoint<Output = Response> + 'static>(
    stream: &TcpStream,
    remote: std::net::SocketAddr,
    endpoint: &Arc<E>,
) -> Option<impl Fn(hyper::Request<hyper::body::Incoming>) -> BoxFuture<Answer> + use<E>> {
    stream.set_nodelay(true).ok();
    let local = LocalAddr(stream.local_addr().ok()?.into());
    let remote = RemoteAddr(remote.into());
    let endpoint = Arc::clone(endpoint);
    Some(move |request| {
        let request = Request::from((request, local.clone(), remote.clone(), Scheme::HTTP));
        let endpoint = Arc::clone(&endpoint);
        Box::pin(async move { Ok(endpoint.get_response(request).await.into()) })
            as BoxFuture<Answer>
    })
}

type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
