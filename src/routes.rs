//! Every path, and the layers around them, the outermost last.

use crate::{
    App, api, docs,
    http::{
        body_limit::Intake, errors::Errors, head::CheckHead, methods::get, origin::Cors,
        read_your_writes::MarkWrites, spelling::Spelled,
    },
    openapi,
    ops::{health, metrics, observe::Observe},
    web,
};
use poem::{Endpoint, EndpointExt, Response, Route};

/// The whole service as one endpoint.
pub fn all(app: &App) -> impl Endpoint<Output = Response> + use<> {
    let operations = Route::new()
        .at("/health", get(health::health))
        .at("/livez", get(health::livez))
        .at("/metrics", get(metrics::scrape))
        .at("/openapi.json", get(openapi::json))
        .at("/docs", get(docs::page));
    let routes = web::routes(api::routes(operations), app)
        // The layers' futures hold each other and this one: boxed, it is not copied from one to the next.
        .boxed();
    let bounded = CheckHead::new(Intake::new(routes));
    let dressed = web::Compress::new(Errors::new(bounded, web::error_page));
    let shared = Cors::new(MarkWrites::new(dressed));
    Observe::new(app.clone(), Spelled::new(shared))
}
