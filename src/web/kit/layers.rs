//! The layers around the pages.

use super::{
    compress::{accepted, compress},
    session::Changes,
    visit::Visit,
    whose::FormOf,
};
use poem::{Endpoint, Request, Response};

/// Writes what a request changed in its session onto the answer.
pub(in crate::web) struct KeepSession<E>(E);

impl<E> KeepSession<E> {
    pub(in crate::web) fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for KeepSession<E> {
    type Output = Response;

    fn call(&self, mut request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let app = Visit::of(&request).map(|visit| visit.app.clone());
        let changes = Changes::default();
        request.extensions_mut().insert(changes.clone());
        FormOf::prepare(&mut request);
        let answer = self.0.call(request);
        async move {
            let app = app?;
            let mut response = answer.await?;
            changes.apply(&mut response, &app);
            Ok(response)
        }
    }
}

/// Compresses pages, whatever made them.
pub struct Compress<E>(E);

impl<E> Compress<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Compress<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let coding = accepted(&request);
        let answer = self.0.call(request);
        async move { Ok(compress(answer.await?, coding).await?) }
    }
}
