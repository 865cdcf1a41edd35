//! `/users/me/history`: what happened to one's account.

use super::bearer::SessionBearer;
use crate::{
    App, Result,
    domain::history::HistoryPage,
    error::{Broken, FieldErrors},
    services::{history, view::View},
};
use poem::{Request, Response, handler, web::Data};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, format = Uuid)]
    cursor: Option<String>,
}

/// Shows what happened to one's account.
#[utoipa::path(
    get, path = "/users/me/history", tag = "security", operation_id = "history",
    summary = "One's own security history",
    description = "What happened to the account in the last 180 days, newest first, 20 lines a page. Failed log-ins in a row are one line.",
    params(HistoryQuery),
    responses(
        (status = 200, description = "One page.", body = HistoryPage),
        (status = 422, description = "`VALIDATION_FAILED`"),
    ),
    security(("bearer" = [])),
)]
#[handler]
pub async fn list(app: Data<&App>, who: SessionBearer, request: &Request) -> Result<Response> {
    let query: HistoryQuery = request
        .params()
        // The only way to fail is a parameter given twice.
        .map_err(|_| {
            FieldErrors::one(
                "cursor",
                Broken::new("repeated", "Send each parameter once"),
            )
        })?;
    let before = history::place(query.cursor.as_deref())?;
    let page = history::list(View::of(&app, who.user_id).await?, before).await?;
    Ok(super::users::private(poem::web::Json(page)))
}
