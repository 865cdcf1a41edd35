//! The OpenAPI document, generated from the handlers.

use crate::{
    api::{
        auth, avatars, devices, follows, history, keys, leaving, me, reauthentication, recovery,
        revocations, settings, users,
    },
    domain::limit::RULES,
    http::errors::{ErrorEnvelope, is_json_path},
    ops::{health, metrics},
};
use poem::{Response, handler};
use std::sync::LazyLock;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, Object, PathItem, Ref, RefOr, Response as Answer,
        ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The document's root.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Users Service",
        description = "Accounts, profiles and the follow graph of a social network."
    ),
    paths(
        auth::register, auth::verify, auth::resend, auth::login, auth::refresh, auth::logout,
        revocations::list,
        devices::list, devices::end, devices::end_others, history::list,
        recovery::forgot, recovery::reset,
        me::show, me::change, avatars::put, avatars::remove, avatars::file,
        reauthentication::reauthenticate,
        settings::email, settings::password, settings::username,
        leaving::export, leaving::delete,
        users::find, users::show,
        follows::follow, follows::unfollow, follows::followers, follows::followees,
        keys::jwks, health::health, health::livez, metrics::scrape,
    ),
    components(schemas(ErrorEnvelope)),
    modifiers(&Bearer, &SharedErrors),
)]
struct Document;

/// How the bearer token is sent.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The errors that many operations share, said once here instead of at each of them; the body of
/// every error; and the headers that answers share.
struct SharedErrors;

impl Modify for SharedErrors {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            for (operation, is_unsafe) in operations(item) {
                complete(operation, path, is_unsafe);
            }
        }
    }
}

/// The operations of a path, and whether each may change something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    [
        (item.get.as_mut(), false),
        (item.post.as_mut(), true),
        (item.put.as_mut(), true),
        (item.patch.as_mut(), true),
        (item.delete.as_mut(), true),
    ]
    .into_iter()
    .filter_map(|(operation, is_unsafe)| Some((operation?, is_unsafe)))
}

fn complete(operation: &mut Operation, path: &str, is_unsafe: bool) {
    let has_body = operation.request_body.is_some();
    let needs_token = operation.security.is_some();
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let is_limited = RULES.iter().any(|row| row.operations.contains(&id));
    let is_upload = id == "putAvatar";
    let shared = [
        (has_body, "400", "`MALFORMED_REQUEST`"),
        (needs_token, "401", "`UNAUTHENTICATED`"),
        (is_unsafe, "403", "`CROSS_SITE_REQUEST`"),
        (has_body, "408", "`REQUEST_TIMEOUT`"),
        (has_body && !is_upload, "413", "`PAYLOAD_TOO_LARGE`"),
        (has_body, "415", "`UNSUPPORTED_MEDIA_TYPE`"),
        (has_body, "422", "`VALIDATION_FAILED`"),
        (is_limited, "429", "`RATE_LIMITED`"),
        (true, "500", "`INTERNAL_ERROR`"),
        (true, "503", "`SERVICE_UNAVAILABLE`"),
    ];
    let responses = &mut operation.responses.responses;
    for (applies, status, description) in shared {
        if applies && !responses.contains_key(status) {
            let response = ResponseBuilder::new().description(description).build();
            responses.insert(status.to_owned(), RefOr::T(response));
        }
    }
    let is_tagged = responses.contains_key("304");
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            if status.as_str() >= "400" {
                error_body(response, path);
            }
            if is_tagged && status.as_str() < "400" {
                tag_headers(response, status);
            }
            shared_headers(response, status, path, needs_token);
        }
    }
    if is_tagged {
        let known = ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .description(Some("The `ETag` of an answer that you kept."))
            .schema(Some(Object::with_type(Type::String)));
        let parameters = operation.parameters.get_or_insert_default();
        parameters.push(RefOr::T(known.build()));
    }
}

/// What comes with an answer that may be asked for again.
fn tag_headers(response: &mut Answer, status: &str) {
    if status == "304" {
        "What you kept is still good.".clone_into(&mut response.description);
    }
    let shared = [
        ("ETag", "A weak tag of the content."),
        (
            "Cache-Control",
            "Who may keep it, for how long, and whether to ask again before each use.",
        ),
    ];
    for (name, description) in shared {
        add_header(response, name, description);
    }
}

fn add_header(response: &mut Answer, name: &str, description: &str) {
    let text = Object::with_type(Type::String);
    let header = HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(description))
        .build();
    response.headers.insert(name.to_owned(), RefOr::T(header));
}

/// The envelope; a page beside it where people may come too, unless they ask for JSON.
fn error_body(response: &mut Answer, path: &str) {
    let envelope = Ref::from_schema_name("ErrorEnvelope");
    let envelope = ContentBuilder::new().schema(Some(envelope)).build();
    let bodies = &mut response.content;
    bodies.insert("application/json".to_owned(), RefOr::T(envelope));
    if !is_json_path(path) {
        let page = Object::with_type(Type::String);
        let page = ContentBuilder::new().schema(Some(page)).build();
        bodies.insert("text/html".to_owned(), RefOr::T(page));
    }
}

fn shared_headers(response: &mut Answer, status: &str, path: &str, needs_token: bool) {
    let is_error = status >= "400";
    let shared = [
        (true, "X-Trace-Id", "The id of this request in the logs."),
        (
            is_error || path.starts_with("/auth/"),
            "Cache-Control",
            "`no-store`",
        ),
        (
            status == "401" && needs_token,
            "WWW-Authenticate",
            "`Bearer`",
        ),
        (
            matches!(status, "429" | "503"),
            "Retry-After",
            "Seconds until asking again makes sense.",
        ),
    ];
    for (applies, name, description) in shared {
        if applies && !response.headers.contains_key(name) {
            add_header(response, name, description);
        }
    }
}

static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(Document::openapi);

/// The document as the docs page reads it.
#[must_use]
pub fn parsed() -> &'static utoipa::openapi::OpenApi {
    &DOCUMENT
}

/// The method and the path of every operation.
pub fn endpoints() -> impl Iterator<Item = (&'static str, &'static str)> {
    DOCUMENT.paths.paths.iter().flat_map(|(path, item)| {
        let methods = [
            (item.get.is_some(), "GET"),
            (item.post.is_some(), "POST"),
            (item.put.is_some(), "PUT"),
            (item.patch.is_some(), "PATCH"),
            (item.delete.is_some(), "DELETE"),
        ];
        let there = methods.into_iter().filter(|(is_there, _)| *is_there);
        there.map(|(_, method)| (method, &**path))
    })
}

/// The document as indented JSON.
#[must_use]
pub fn pretty() -> String {
    // A document that was just built always serialises.
    DOCUMENT.to_pretty_json().unwrap_or_default()
}

/// The document.
#[handler]
pub fn json() -> Response {
    static JSON: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_json().unwrap_or_default());
    Response::builder()
        .content_type("application/json")
        .header("cache-control", "public, max-age=300")
        .body(JSON.as_str())
}
