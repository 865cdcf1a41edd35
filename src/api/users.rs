//! `/users`: looking people up.

use super::target::Target;
use crate::{
    App, Result,
    domain::Person,
    error::{Broken, FieldErrors},
    services::{people, reads::Reads},
};
use poem::{
    IntoResponse, Response, handler,
    http::{HeaderValue, header},
    web::{Data, Json, Query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The people that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct People {
    /// In the order asked.
    pub items: Vec<Person>,
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
        (status = 404, description = "`USER_NOT_FOUND`"),
    ),
)]
#[handler]
pub async fn show(app: Data<&App>, Target(id): Target, reads: Reads) -> Result<Json<Person>> {
    Ok(Json(people::by_id(&app, id, reads).await?))
}

/// Finds people by handle or by ids.
#[utoipa::path(
    get, path = "/users", tag = "people", operation_id = "people",
    summary = "Find people",
    description = "By `username` or by `ids`, not both. Unknown ones are absent.",
    params(Find),
    responses(
        (status = 200, description = "The people found.", body = People),
        (status = 422, description = "`VALIDATION_FAILED`"),
    ),
)]
#[handler]
pub async fn find(
    app: Data<&App>,
    reads: Reads,
    query: Result<Query<Find>, poem::Error>,
) -> Result<Json<People>> {
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
        (Some(name), None) => people::by_username(&app, &name, reads)
            .await?
            .into_iter()
            .collect(),
        (None, Some(ids)) => people::by_ids(&app, &ids, reads).await?,
        _ => return Err(one_of()),
    };
    Ok(Json(People { items }))
}

/// An answer that is for one person only.
pub(super) fn private(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}
