//! `/users`: looking people up.

use super::target::Target;
use crate::{
    App, Result,
    domain::{Person, person},
    error::{Broken, FieldErrors},
    http::conditional::{self, ASK_AGAIN, NO_STORE},
    services::{freshness::Freshness, people},
};
use poem::{
    IntoResponse, Request, Response, handler,
    http::header,
    web::{Data, Query},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The people that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct People {
    /// In the order asked.
    #[serde(serialize_with = "person::each")]
    #[schema(value_type = Vec<Person>)]
    pub items: Vec<Arc<Person>>,
}

/// How to find people: by one of the two.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Find {
    /// An exact handle, whatever its case.
    username: Option<String>,
    /// Up to 200 ids, separated by commas.
    ids: Option<String>,
}

/// Shows a person.
#[utoipa::path(
    get, path = "/users/{id}", tag = "people", operation_id = "person",
    summary = "A person",
    params(("id" = Uuid, Path, description = "The person's id.")),
    responses(
        (status = 200, description = "The public profile.", body = Person),
        (status = 304),
        (status = 404, description = "`USER_NOT_FOUND`"),
    ),
)]
#[handler]
pub async fn show(
    app: Data<&App>,
    Target(id): Target,
    freshness: Freshness,
    request: &Request,
) -> Result<Response> {
    let person = people::by_id(&app, id, freshness).await?;
    conditional::json(request, &*person, ASK_AGAIN)
}

/// Finds people by handle or by ids.
#[utoipa::path(
    get, path = "/users", tag = "people", operation_id = "people",
    summary = "Find people",
    description = "By `username` or by `ids`, not both. Unknown ones are absent.",
    params(Find),
    responses(
        (status = 200, description = "The people found.", body = People),
        (status = 304),
        (status = 422, description = "`VALIDATION_FAILED`"),
    ),
)]
#[handler]
pub async fn find(
    app: Data<&App>,
    freshness: Freshness,
    query: Result<Query<Find>, poem::Error>,
    request: &Request,
) -> Result<Response> {
    let one_of = || {
        let broken = || Broken::new("one_of", "Send either username or ids");
        let mut errors = FieldErrors::default();
        errors.take::<()>("username", Err(broken()));
        errors.take::<()>("ids", Err(broken()));
        errors.into_error()
    };
    let Ok(Query(find)) = query else {
        return Err(one_of());
    };
    let items = match (find.username, find.ids) {
        (Some(name), None) => people::by_username(&app, &name, freshness)
            .await?
            .into_iter()
            .collect(),
        (None, Some(ids)) => people::by_ids(&app, &ids, freshness).await?,
        _ => return Err(one_of()),
    };
    conditional::json(request, &People { items }, ASK_AGAIN)
}

/// An answer that is for one person only.
pub(super) fn private(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}
