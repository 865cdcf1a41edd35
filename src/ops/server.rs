//! The HTTP server: hyper's, with the bounds on slow clients that the framework's own lacks.

use crate::App;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use poem::{
    Endpoint, Request, Response,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// How long a request's head may take to arrive, and an idle connection may stay.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long new connections are still served once the service is about to stop: a proxy that
/// does not know yet sends some.
const LINGER: Duration = Duration::from_secs(1);
/// How long running requests may take to finish after that.
const FINISH: Duration = Duration::from_secs(10);
/// The most connections at once; more wait to be accepted.
pub const MAX_CONNECTIONS: usize = 16_384;
/// The pause after `accept` failed, as it does while the process has no file left to open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready, then drains: for a second more with `Connection: close`, then
/// the listener closes and running requests finish.
pub async fn serve<E>(app: App, listener: TcpListener, endpoint: E, stop: impl Future<Output = ()>)
where
    E: Endpoint<Output = Response> + 'static,
{
    let endpoint = Arc::new(endpoint);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let stop = async {
        stop.await;
        app.start_draining();
        tokio::time::sleep(LINGER).await;
    };
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        let Ok((stream, remote)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Some(service) = connection(&stream, remote, &endpoint) else {
            continue;
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .serve_connection(TokioIo::new(stream), service_fn(service));
        let watched = connections.watch(connection);
        tokio::spawn(async move {
            // A client that went away, or was too slow, is no news.
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(FINISH, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
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
