//! Routing by method, with the `Allow` header that a 405 must carry (RFC 9110 section 15.5.6).

use super::origin;
use crate::{Error, Result};
use futures_util::{FutureExt, future::BoxFuture};
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response,
    endpoint::{BoxEndpoint, DynEndpoint},
    http::Method,
};
use std::{future::Future, panic::AssertUnwindSafe, time::Duration};
use tokio::time::timeout;

/// The last resort against a handler that hangs. What it waits for ends sooner: the database after
/// 9 s (3 s for a connection, 6 s for a statement), the queue of the password hashes by its length.
const HANDLER_TIME: Duration = Duration::from_mins(1);

type Answer<'a> = BoxFuture<'a, poem::Result<Response>>;

/// The methods of one path. `HEAD` is answered wherever `GET` is.
#[derive(Default)]
pub struct Methods(Vec<(Method, BoxEndpoint<'static, Response>)>);

macro_rules! method {
    ($($name:ident => $method:ident),*) => {
        $(
            #[doc = concat!("A path that answers `", stringify!($method), "`.")]
            pub fn $name<E>(endpoint: E) -> Methods
            where
                E: IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static>,
            {
                Methods::default().$name(endpoint)
            }
        )*

        impl Methods {
            $(
                #[doc = concat!("Answers `", stringify!($method), "` as well.")]
                #[must_use]
                pub fn $name<E>(self, endpoint: E) -> Self
                where
                    E: IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static>,
                {
                    self.on(Method::$method, endpoint)
                }
            )*
        }
    };
}

method!(get => GET, post => POST, put => PUT, patch => PATCH, delete => DELETE);

impl Methods {
    fn on<E>(mut self, method: Method, endpoint: E) -> Self
    where
        E: IntoEndpoint<Endpoint: Endpoint<Output = Response> + 'static>,
    {
        let endpoint = endpoint.into_endpoint().boxed();
        self.0.push((method, endpoint));
        self
    }

    /// Whether `GET` is among them.
    #[must_use]
    pub fn answers_get(&self) -> bool {
        self.find(&Method::GET).is_some()
    }

    /// Whether `POST` is among them.
    #[must_use]
    pub fn answers_post(&self) -> bool {
        self.find(&Method::POST).is_some()
    }

    fn find(&self, method: &Method) -> Option<&BoxEndpoint<'static, Response>> {
        self.0
            .iter()
            .find(|(known, _)| known == method)
            .map(|(_, endpoint)| endpoint)
    }

    /// What will answer a request.
    fn answer(&self, mut request: Request) -> Result<Answer<'_>> {
        let head = request.method() == Method::HEAD;
        let endpoint = match self.find(request.method()) {
            None if head => self.find(&Method::GET),
            found => found,
        };
        let Some(endpoint) = endpoint else {
            let allow = self.allow();
            return Err(Error::MethodNotAllowed { allow });
        };
        origin::check(&request)?;
        if head {
            request.set_method(Method::GET);
        }
        Ok(DynEndpoint::call(&**endpoint, request))
    }

    fn allow(&self) -> String {
        let mut names: Vec<&str> = self.0.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }
}

impl Endpoint for Methods {
    type Output = Response;

    /// Whatever fails in here is known by its route, as the metrics want it. Not an `async fn`: that would
    /// hold the request twice.
    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let head = request.method() == Method::HEAD;
        let answer = self.answer(request);
        async move {
            let answer = AssertUnwindSafe(answer?).catch_unwind();
            let mut response = timeout(HANDLER_TIME, answer)
                .await
                .map_err(Error::unavailable)?
                .map_err(|_| Error::internal("a handler panicked"))??;
            if head {
                response.set_body(());
            }
            Ok(response)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::endpoint::make_sync;

    #[tokio::test]
    async fn a_panic_is_an_error_like_any_other() {
        let broken = get(make_sync(|_| -> Response { unreachable!("on purpose") }));
        let answer = broken.call(Request::default()).await;
        let error = answer
            .err()
            .and_then(|error| error.downcast::<Error>().ok());
        assert!(matches!(error, Some(Error::Internal(_))));
    }

    #[tokio::test]
    async fn other_methods_are_told_what_is_allowed() {
        let path = get(make_sync(|_| Response::default())).post(make_sync(|_| Response::default()));
        let request = Request::builder().method(Method::PUT).finish();
        let error = path.call(request).await.err();
        let error = error.and_then(|error| error.downcast::<Error>().ok());
        assert!(
            matches!(error, Some(Error::MethodNotAllowed { allow }) if allow == "GET, HEAD, POST")
        );
    }
}
