//! `/.well-known/jwks.json`: the keys that other services verify our tokens with.

use crate::App;
use poem::{Response, handler, http::header, web::Data};

/// How long the set may be kept, in seconds: a new key is published at least this long before it signs.
const MAX_AGE: &str = "public, max-age=300";

/// The public keys as a JWK set (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "auth", operation_id = "jwks",
    summary = "The public keys of access tokens",
    responses((status = 200, description = "A JWK set (RFC 7517).", body = serde_json::Value)),
)]
#[handler]
pub fn jwks(app: Data<&App>) -> Response {
    Response::builder()
        .content_type("application/json")
        .header(header::CACHE_CONTROL, MAX_AGE)
        .body(app.keys.jwks().to_owned())
}
