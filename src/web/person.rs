//! `/@{username}`: anybody's public profile.

use super::{
    avatar::{Avatar, Size},
    follow::FollowForm,
    kept_pages::KeptPages,
    page::Frame,
    people,
    problem::{Problem, Verdict},
    session::Viewer,
    visit::{Handle, Visit},
};
use crate::{
    Error, Result,
    domain::{PublicProfile, Relationship},
    services::{
        profiles,
        views::{self, View},
    },
};
use askama::{Template, filters::HtmlSafe};
use poem::{Endpoint, FromRequest, Request, Response, http::StatusCode};

#[derive(Template)]
#[template(path = "person/page.html")]
struct PersonPage {
    frame: Frame,
    username: String,
    display_name: Option<String>,
    bio: Option<String>,
    avatar: Avatar,
    panel: Panel,
}

/// The counts and the button, which change together.
#[derive(Template)]
#[template(path = "person/panel.html")]
pub(super) struct Panel {
    username: String,
    followers: String,
    following: String,
    follows_viewer: bool,
    stance: Stance,
}

impl HtmlSafe for Panel {}

/// How the viewer stands to the person.
enum Stance {
    Stranger,
    Oneself,
    Other(FollowForm),
}

/// `GET /@{username}`
#[derive(Default)]
pub(super) struct Show(KeptPages);

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
        let read = async |view: View| views::person(view, username).await;
        if let Some((viewer, seen)) = visit.viewer_and(read).await? {
            return visit.page(StatusCode::OK, &PersonPage::seen(visit, viewer, seen));
        }
        let profile = profiles::by_username(visit.app, username, visit.reads()).await?;
        let page = |profile: &PublicProfile| {
            let panel = Panel::new(profile, false, Stance::Stranger);
            PersonPage::new(visit, None, profile.clone(), panel)
        };
        self.0.page(visit, profile, page).await
    }
}

/// The page as the answer to a press that could not be taken.
pub(super) async fn refused(
    visit: Visit<'_>,
    viewer: Viewer,
    username: &str,
    verdict: Verdict,
    problem: Problem,
) -> Result<Response> {
    let view = View::of(visit.app, viewer.user_id).await?;
    let seen = views::person(view, username).await?;
    let mut page = PersonPage::seen(visit, viewer, seen);
    page.frame = page.frame.with(Some(problem));
    visit.page(verdict, &page)
}

/// The panel of a person as it is now.
pub(super) async fn panel_of(visit: Visit<'_>, viewer: &Viewer, username: &str) -> Result<Panel> {
    let view = View::of(visit.app, viewer.user_id).await?;
    let (profile, relationship) = views::person(view, username).await?;
    Ok(Panel::seen(viewer, &profile, relationship))
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

impl Panel {
    fn new(profile: &PublicProfile, follows_viewer: bool, stance: Stance) -> Self {
        Self {
            username: profile.username.clone(),
            followers: people::followers(profile.follower_count),
            following: people::following(profile.followee_count),
            follows_viewer,
            stance,
        }
    }

    fn seen(viewer: &Viewer, profile: &PublicProfile, relationship: Relationship) -> Self {
        let stance = if viewer.user_id == profile.id {
            Stance::Oneself
        } else {
            Stance::Other(FollowForm {
                username: profile.username.clone(),
                following: relationship.following,
                list: None,
            })
        };
        Self::new(profile, relationship.followed_by, stance)
    }
}
