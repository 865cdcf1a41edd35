//! `/timeline`: the signed-in home.

use super::{
    page::Frame,
    people::{self, PersonRow},
    posts::{self, Posts},
    session::Viewer,
    visit::{SignedIn, Visit},
};
use crate::{
    Result,
    services::{
        home::{self, Suggestion},
        profiles,
    },
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
    posts: Posts,
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
    // Side by side: a slow Posts Service costs its own time and no more.
    let posts = async { Ok(posts::section(visit, &viewer).await) };
    let (posts, own, people) = tokio::try_join!(
        posts,
        profiles::own(visit.app, viewer.user_id),
        people_around(visit, &viewer),
    )?;
    let (to_follow, lately) = people;
    let page = TimelinePage {
        first_steps: FirstSteps {
            has_no_name: own.display_name.is_none(),
            has_no_picture: own.avatar_url.is_none(),
            follows_nobody: own.followee_count == 0,
        },
        name: own.display_name.unwrap_or(own.username),
        posts,
        to_follow,
        lately,
        frame: visit.frame(Some(viewer)),
    };
    visit.page(StatusCode::OK, &page)
}

/// Whom to follow, and who followed lately.
async fn people_around(
    visit: Visit<'_>,
    viewer: &Viewer,
) -> Result<(Vec<PersonRow>, Vec<PersonRow>)> {
    let home = home::of(visit.app, viewer.user_id, visit.reads()).await?;
    let to_follow = suggested(visit, viewer, home.to_follow).await?;
    let lately = people::rows(visit, viewer, home.lately).await?;
    Ok((to_follow, lately))
}

/// The rows of people to follow, each with why.
async fn suggested(
    visit: Visit<'_>,
    viewer: &Viewer,
    suggestions: Vec<Suggestion>,
) -> Result<Vec<PersonRow>> {
    let (people, mutuals): (Vec<_>, Vec<_>) = suggestions
        .into_iter()
        .map(|suggestion| (suggestion.person, people::mutuals(suggestion.mutuals)))
        .unzip();
    let mut rows = people::rows(visit, viewer, people).await?;
    for (row, why) in rows.iter_mut().zip(mutuals) {
        row.why = why;
    }
    Ok(rows)
}
