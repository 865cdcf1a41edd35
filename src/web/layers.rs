//! The layers around the pages.

use super::{
    compress::{accepted, compress},
    session::Changes,
    visit::Visit,
};
use poem::{Endpoint, Request, Response};

/// Writes what a request changed in its session onto the answer.
pub(super) struct KeepSession<E>(E);

impl<E> KeepSession<E> {
    pub(super) fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for KeepSession<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let app = Visit::of(&request)?.app.clone();
        let changes = Changes::default();
        request.extensions_mut().insert(changes.clone());
        let mut response = self.0.call(request).await?;
        changes.apply(&mut response, &app);
        Ok(response)
    }
}

/// Compresses what comes out.
pub(super) struct Compress<E>(E);

impl<E> Compress<E> {
    pub(super) fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Compress<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let coding = accepted(&request);
        let response = self.0.call(request).await?;
        Ok(compress(response, coding).await?)
    }
}
