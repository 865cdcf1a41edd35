//! `/settings/delete`: leaving for good, and coming back in time.

use crate::{
    Error, Result,
    services::{deletion, view::View},
    web::kit::{
        flash::Flash,
        page::Frame,
        posted::{NoFields, Posted},
        return_to::LocalPath,
        session::{self, Viewer},
        visit::{SignedIn, Visit, see_other},
        when::When,
    },
};
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
    fn new(visit: Visit<'_>, frame: Frame) -> Self {
        Self {
            until: When(visit.app.clock.now() + deletion::WINDOW),
            frame,
        }
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
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, ()) = visit.recent(async |_: View| Ok(())).await?;
    let frame = visit.frame(Some(viewer));
    Ok(visit.page(StatusCode::OK, &DeletePage::new(visit, frame))?)
}

/// `POST /settings/delete`
#[handler]
pub(in crate::web) async fn submit(visit: Visit<'_>, posted: Posted<NoFields>) -> Result<Response> {
    let request = async |viewer: &Viewer, _: &NoFields| {
        deletion::request(visit.app, viewer.user_id, viewer.session_id).await
    };
    let (viewer, _, outcome) = posted.then_as_viewer(visit, request).await;
    match outcome {
        Ok(_) => {
            session::end(visit.app, visit.request).await?;
            Ok(Flash::Leaving.see_other(visit, "/settings/delete/done"))
        }
        Err(Error::Unauthenticated) => Ok(visit.to_login()),
        Err(Error::ReauthenticationRequired) => {
            let page = LocalPath::parse(PAGE).unwrap_or_default();
            Ok(see_other(&page.after_confirming()))
        }
        Err(error) => {
            let (verdict, frame) = visit.frame_refusing(viewer, error)?;
            visit.page(verdict, &DeletePage::new(visit, frame))
        }
    }
}

/// `GET /settings/delete/done`, right after it was asked for and while nobody is signed in
#[handler]
pub(in crate::web) async fn done(visit: Visit<'_>) -> Result<Response> {
    if !Flash::Leaving.is_of(visit) || visit.viewer().await?.is_some() {
        return Ok(see_other("/"));
    }
    let frame = visit.frame(None);
    visit.page(StatusCode::OK, &DonePage { frame })
}

#[derive(Deserialize)]
pub(in crate::web) struct Next {
    #[serde(default)]
    next: LocalPath,
}

/// `GET /settings/delete/kept`, right after the log-in that keeps the account
#[handler]
pub(in crate::web) fn kept(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    Query(asked): Query<Next>,
) -> Result<Response> {
    if !Flash::Kept.is_of(visit) {
        return Ok(see_other(asked.next.as_str()));
    }
    let page = KeptPage {
        frame: visit.frame(Some(viewer)),
        next: asked.next,
    };
    visit.page(StatusCode::OK, &page)
}
