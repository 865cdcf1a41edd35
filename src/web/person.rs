//! `/@{username}`: anybody's public profile.

use super::{
    avatar::{Avatar, Size},
    follow::FollowForm,
    page::Frame,
    people,
    problem::{Problem, Verdict},
    session::Viewer,
    visit::{Handle, Visit},
};
use crate::{
    Error, Result,
    domain::{PublicProfile, Relationship},
    services::{follows, profiles, reads::Reads},
};
use askama::{Template, filters::HtmlSafe};
use poem::{Response, handler, http::StatusCode};

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
#[handler]
pub(super) async fn show(visit: Visit<'_>, Handle(username): Handle) -> Result<Response> {
    let viewer = visit.viewer().await?;
    match page(visit, viewer, &username, StatusCode::OK.into(), None).await {
        Err(Error::UserNotFound) => visit.to_successor_of(&username).await,
        shown => shown,
    }
}

/// The page, also as the answer to a press that could not be taken.
pub(super) async fn page(
    visit: Visit<'_>,
    viewer: Option<Viewer>,
    username: &str,
    verdict: Verdict,
    problem: Option<Problem>,
) -> Result<Response> {
    let reads = match viewer {
        None => visit.reads(),
        Some(_) => Reads::Primary,
    };
    let profile = profiles::by_username(visit.app, username, reads).await?;
    let panel = panel(visit, viewer.as_ref(), &profile).await?;
    let name = profile.display_name.as_deref().unwrap_or(&profile.username);
    let address = profile.avatar_url.as_deref();
    let is_signed_out = viewer.is_none();
    let page = PersonPage {
        frame: visit.frame(viewer).with(problem),
        avatar: visit.avatar(address, name, Size::Large),
        username: profile.username,
        display_name: profile.display_name,
        bio: profile.bio,
        panel,
    };
    if is_signed_out {
        visit.kept_page(&page)
    } else {
        visit.page(verdict, &page)
    }
}

/// The panel of a person as it is now.
pub(super) async fn panel_of(visit: Visit<'_>, viewer: &Viewer, username: &str) -> Result<Panel> {
    let profile = profiles::by_username(visit.app, username, Reads::Primary).await?;
    panel(visit, Some(viewer), &profile).await
}

async fn panel(
    visit: Visit<'_>,
    viewer: Option<&Viewer>,
    profile: &PublicProfile,
) -> Result<Panel> {
    let relationship = match viewer {
        Some(viewer) => relationship(visit, viewer, profile).await?,
        None => Relationship::default(),
    };
    let stance = match viewer {
        None => Stance::Stranger,
        Some(viewer) if viewer.user_id == profile.id => Stance::Oneself,
        Some(_) => Stance::Other(FollowForm {
            username: profile.username.clone(),
            following: relationship.following,
            list: None,
        }),
    };
    Ok(Panel {
        username: profile.username.clone(),
        followers: people::followers(profile.follower_count),
        following: people::following(profile.followee_count),
        follows_viewer: relationship.followed_by,
        stance,
    })
}

async fn relationship(
    visit: Visit<'_>,
    viewer: &Viewer,
    profile: &PublicProfile,
) -> Result<Relationship> {
    let all = follows::relationships(visit.app, viewer.user_id, &[profile.id]).await?;
    Ok(all.get(&profile.id).copied().unwrap_or_default())
}
