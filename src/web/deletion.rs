//! `/settings/delete`: leaving for good, and coming back in time.

use super::{
    confirm::Recent,
    csrf::{NoFields, Posted},
    next::LocalPath,
    page::Frame,
    problem::Problem,
    session::{self, Viewer},
    visit::{SignedIn, Visit, see_other},
    when::When,
};
use crate::{Error, Result, services::deletion};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};
use serde::Deserialize;

const PAGE: &str = "/settings/delete";

#[derive(Template)]
#[template(path = "settings/delete.html")]
struct DeletePage {
    frame: Frame,
    /// When the account is gone, were it deleted now.
    until: When,
}

impl DeletePage {
    fn new(visit: Visit<'_>, viewer: Viewer, problem: Option<Problem>) -> Result<Self> {
        Ok(Self {
            until: When(visit.app.clock.now() + deletion::WINDOW),
            frame: visit.frame(Some(viewer)).with(problem),
        })
    }
}

#[derive(Template)]
#[template(path = "settings/delete_done.html")]
struct DonePage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "settings/delete_kept.html")]
struct KeptPage {
    frame: Frame,
    next: LocalPath,
}

/// `GET /settings/delete`
#[handler]
pub(super) fn show(visit: Visit<'_>, Recent(viewer): Recent) -> Result<Response> {
    visit.page(StatusCode::OK, &DeletePage::new(visit, viewer, None)?)
}

/// `POST /settings/delete`
#[handler]
pub(super) async fn submit(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    posted: Posted<NoFields>,
) -> Result<Response> {
    let request =
        async |_: &NoFields| deletion::request(visit.app, viewer.user_id, viewer.session_id).await;
    let (_, outcome) = posted.then(request).await;
    match outcome {
        Ok(_) => {
            session::end(visit.app, visit.request).await?;
            Ok(see_other("/settings/delete/done"))
        }
        Err(Error::ReauthenticationRequired) => {
            let page = LocalPath::parse(PAGE).unwrap_or_default();
            Ok(see_other(&page.after_confirming()))
        }
        Err(error) => {
            let (status, problem) = visit.problem(error)?;
            visit.page(status, &DeletePage::new(visit, viewer, Some(problem))?)
        }
    }
}

/// `GET /settings/delete/done`, when nobody is signed in any more
#[handler]
pub(super) async fn done(visit: Visit<'_>) -> Result<Response> {
    let frame = visit.frame(visit.viewer().await?);
    visit.page(StatusCode::OK, &DonePage { frame })
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: LocalPath,
}

/// `GET /settings/delete/kept`, after the log-in that keeps the account
#[handler]
pub(super) fn kept(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    Query(asked): Query<Next>,
) -> Result<Response> {
    let page = KeptPage {
        frame: visit.frame(Some(viewer)),
        next: asked.next,
    };
    visit.page(StatusCode::OK, &page)
}
