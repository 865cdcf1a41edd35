//! `/users/{id}/follow`, `/followers`, `/followees`: the follow graph.

use super::{bearer::Bearer, target::Target};
use crate::{
    App, Result,
    domain::{Other, PeoplePage, Position},
    error::{Broken, FieldErrors},
    http::conditional::{self, ASK_AGAIN_PRIVATE},
    services::{
        follows::{self, Followed, List},
        freshness::Freshness,
        people,
    },
};
use poem::{
    IntoResponse, Request, Response, handler,
    http::StatusCode,
    web::{Data, Json},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// An edge of the follow graph.
#[derive(Debug, Serialize, ToSchema)]
pub struct Follow {
    /// Who follows.
    pub follower_id: Uuid,
    /// Who is followed.
    pub followee_id: Uuid,
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The page's number.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1)]
    page: Option<String>,
    /// How many people a page holds.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    page_size: Option<String>,
    /// Continues after the page that gave this as `next_cursor`, at any depth at the same cost;
    /// it wins over `page`.
    cursor: Option<String>,
}

/// Follows a person.
#[utoipa::path(
    post, path = "/users/{id}/follow", tag = "follows", operation_id = "follow",
    summary = "Follow a person",
    params(("id" = Uuid, Path, description = "Whom to follow.")),
    responses(
        (status = 201, description = "You follow the person now.", body = Follow),
        (status = 200, description = "You followed the person already.", body = Follow),
        (status = 404, description = "`USER_NOT_FOUND`"),
        (status = 422, description = "`CANNOT_FOLLOW_SELF`"),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn follow(
    app: Data<&App>,
    Bearer(viewer): Bearer,
    Target(target): Target,
) -> Result<Response> {
    let status = match follows::follow(&app, viewer, target).await? {
        Followed::Created => StatusCode::CREATED,
        Followed::Already => StatusCode::OK,
    };
    let edge = Follow {
        follower_id: viewer,
        followee_id: target.id_without_a_look(),
    };
    Ok(Json(edge).with_status(status).into_response())
}

/// Unfollows a person.
#[utoipa::path(
    delete, path = "/users/{id}/follow", tag = "follows", operation_id = "unfollow",
    summary = "Unfollow a person",
    params(("id" = Uuid, Path, description = "Whom to unfollow.")),
    responses(
        (status = 204, description = "You don't follow the person."),
        (status = 404, description = "`USER_NOT_FOUND`"),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn unfollow(
    app: Data<&App>,
    Bearer(viewer): Bearer,
    Target(target): Target,
) -> Result<StatusCode> {
    follows::unfollow(&app, viewer, target).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who follows a person.
#[utoipa::path(
    get, path = "/users/{id}/followers", tag = "follows", operation_id = "followers",
    summary = "Who follows a person",
    params(("id" = Uuid, Path, description = "Whose followers."), PageQuery),
    responses(
        (status = 200, description = "One page, newest first.", body = PeoplePage),
        (status = 304),
        (status = 404, description = "`USER_NOT_FOUND`"),
        (status = 422, description = "`VALIDATION_FAILED`"),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn followers(
    app: Data<&App>,
    Bearer(viewer): Bearer,
    Target(target): Target,
    request: &Request,
) -> Result<Response> {
    // The viewer may have just followed.
    let (list, freshness) = (List::Followers, Freshness::Exact);
    show(&app, viewer, (target, list), request, freshness).await
}

/// Whom a person follows.
#[utoipa::path(
    get, path = "/users/{id}/followees", tag = "follows", operation_id = "followees",
    summary = "Whom a person follows",
    params(("id" = Uuid, Path, description = "Whose followees."), PageQuery),
    responses(
        (status = 200, description = "One page, newest first.", body = PeoplePage),
        (status = 304),
        (status = 404, description = "`USER_NOT_FOUND`"),
        (status = 422, description = "`VALIDATION_FAILED`"),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn followees(
    app: Data<&App>,
    Bearer(viewer): Bearer,
    Target(target): Target,
    request: &Request,
) -> Result<Response> {
    let (list, freshness) = (List::Followees, Freshness::Recent);
    show(&app, viewer, (target, list), request, freshness).await
}

async fn show(
    app: &App,
    viewer: Uuid,
    list: (Other, List),
    request: &Request,
    freshness: Freshness,
) -> Result<Response> {
    let query: PageQuery = request
        .params()
        // The only way to fail is a parameter given twice.
        .map_err(|_| {
            FieldErrors::one("page", Broken::new("repeated", "Send each parameter once"))
        })?;
    let position = Position::parse(
        query.page.as_deref(),
        query.page_size.as_deref(),
        query.cursor.as_deref(),
    )?;
    let page = people::list(app, viewer, list, &position, freshness).await?;
    conditional::json(request, &page, ASK_AGAIN_PRIVATE)
}
