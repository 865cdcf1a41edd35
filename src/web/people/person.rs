//! `/@{username}`: anybody's public profile.

use super::panel::{Panel, Stance};
use crate::{
    Error, Result,
    domain::{PublicProfile, Relationship},
    services::{people, view::View},
    web::kit::{
        avatar::{Avatar, Size},
        page::Frame,
        page_cache::KeptPages,
        problem::{Problem, Verdict},
        session::Viewer,
        visit::{Handle, Visit},
    },
};
use askama::Template;
use poem::{Endpoint, FromRequest, Request, Response, http::StatusCode};

#[derive(Template)]
#[template(path = "people/person.html")]
struct PersonPage {
    frame: Frame,
    username: String,
    display_name: Option<String>,
    bio: Option<String>,
    avatar: Avatar,
    panel: Panel,
}

/// `GET /@{username}`
#[derive(Default)]
pub(in crate::web) struct Show(KeptPages);

impl Endpoint for Show {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let visit = Visit::of(&request)?;
        let Handle(username) = Handle::from_request_without_body(&request).await?;
        Ok(match self.shown(visit, &username).await {
            Err(Error::UserNotFound) => Box::pin(visit.to_successor_of(&username)).await,
            shown => shown,
        }?)
    }
}

impl Show {
    async fn shown(&self, visit: Visit<'_>, username: &str) -> Result<Response> {
        let read = async |view: View| people::seen_by(view, username).await;
        if let Some((viewer, seen)) = visit.viewer_and(read).await? {
            return visit.page(StatusCode::OK, &PersonPage::seen(visit, viewer, seen));
        }
        let profile = people::public(visit.app, username, visit.freshness()).await?;
        let page = |profile: &PublicProfile| {
            let panel = Panel::new(profile, false, Stance::Stranger);
            PersonPage::new(visit, None, profile.clone(), panel)
        };
        self.0.page(visit, profile, page).await
    }
}

/// The page as the answer to a press that could not be taken.
pub(in crate::web) async fn refused(
    visit: Visit<'_>,
    viewer: Viewer,
    username: &str,
    verdict: Verdict,
    problem: Problem,
) -> Result<Response> {
    let view = View::of(visit.app, viewer.user_id).await?;
    let seen = people::seen_by(view, username).await?;
    let mut page = PersonPage::seen(visit, viewer, seen);
    page.frame = page.frame.with(Some(problem));
    visit.page(verdict, &page)
}

impl PersonPage {
    fn new(visit: Visit<'_>, viewer: Option<Viewer>, profile: PublicProfile, panel: Panel) -> Self {
        let name = profile.display_name.as_deref().unwrap_or(&profile.username);
        let address = profile.avatar_url.as_deref();
        Self {
            frame: visit.frame(viewer),
            avatar: visit.avatar(address, name, Size::Large),
            username: profile.username,
            display_name: profile.display_name,
            bio: profile.bio,
            panel,
        }
    }

    /// The page as a viewer sees it.
    fn seen(visit: Visit<'_>, viewer: Viewer, seen: (PublicProfile, Relationship)) -> Self {
        let (profile, relationship) = seen;
        let panel = Panel::seen(&viewer, &profile, relationship);
        Self::new(visit, Some(viewer), profile, panel)
    }
}
