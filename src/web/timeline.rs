//! `/timeline`: the signed-in home.

use super::{
    page::Frame,
    people::{self, PersonRow},
    visit::{SignedIn, Visit},
};
use crate::{
    Result,
    services::{home, profiles},
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};

#[derive(Template)]
#[template(path = "timeline/page.html")]
struct TimelinePage {
    frame: Frame,
    name: String,
    /// What a new account may do first.
    first_steps: FirstSteps,
    to_follow: Vec<PersonRow>,
    lately: Vec<PersonRow>,
}

struct FirstSteps {
    has_no_name: bool,
    has_no_picture: bool,
    follows_nobody: bool,
}

impl FirstSteps {
    fn are_done(&self) -> bool {
        !(self.has_no_name || self.has_no_picture || self.follows_nobody)
    }
}

/// `GET /timeline`
#[handler]
pub(super) async fn show(visit: Visit<'_>, SignedIn(viewer): SignedIn) -> Result<Response> {
    let own = profiles::own(visit.app, viewer.user_id).await?;
    let home = home::of(visit.app, viewer.user_id).await?;
    let lately = people::rows(visit, &viewer, home.lately).await?;
    let mut to_follow = people::rows(visit, &viewer, home.to_follow).await?;
    // Who followed lately has a button there already.
    to_follow.retain(|row| lately.iter().all(|other| other.id != row.id));
    let page = TimelinePage {
        first_steps: FirstSteps {
            has_no_name: own.display_name.is_none(),
            has_no_picture: own.avatar_url.is_none(),
            follows_nobody: own.followee_count == 0,
        },
        name: own.display_name.unwrap_or(own.username),
        to_follow,
        lately,
        frame: visit.frame(Some(viewer)),
    };
    visit.page(StatusCode::OK, &page)
}
