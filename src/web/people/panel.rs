//! The counts of a person and the button to follow them, which change together.

use super::{follow_form::FollowForm, person_row};
use crate::{
    Result,
    domain::{PublicProfile, Relationship},
    services::{people, view::View},
    web::kit::{session::Viewer, visit::Visit},
};
use askama::{Template, filters::HtmlSafe};

/// The counts and the button, which change together.
#[derive(Template)]
#[template(path = "people/panel.html")]
pub(in crate::web) struct Panel {
    username: String,
    followers: String,
    following: String,
    follows_viewer: bool,
    stance: Stance,
}

impl HtmlSafe for Panel {}

/// How the viewer stands to the person.
pub(super) enum Stance {
    Stranger,
    Oneself,
    Other(FollowForm),
}

/// The panel of a person as it is now.
pub(in crate::web) async fn panel_of(
    visit: Visit<'_>,
    viewer: &Viewer,
    username: &str,
) -> Result<Panel> {
    let view = View::of(visit.app, viewer.user_id).await?;
    let (profile, relationship) = people::seen_by(view, username).await?;
    Ok(Panel::seen(viewer, &profile, relationship))
}

impl Panel {
    pub(super) fn new(profile: &PublicProfile, follows_viewer: bool, stance: Stance) -> Self {
        Self {
            username: profile.username.clone(),
            followers: person_row::followers(profile.follower_count),
            following: person_row::following(profile.followee_count),
            follows_viewer,
            stance,
        }
    }

    pub(super) fn seen(
        viewer: &Viewer,
        profile: &PublicProfile,
        relationship: Relationship,
    ) -> Self {
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
