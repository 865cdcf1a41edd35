//! `/timeline`: the signed-in home.

use super::{
    person_row::{self, PersonRow},
    posts::{self, Posts},
};
use crate::{
    services::people::home::{self, Suggestion},
    web::kit::{page::Frame, session::Viewer, visit::Visit},
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};

#[derive(Template)]
#[template(path = "people/timeline.html")]
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
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, home) = visit.signed_in(home::of).await?;
    let own = home.own;
    let page = TimelinePage {
        first_steps: FirstSteps {
            has_no_name: own.display_name.is_none(),
            has_no_picture: own.avatar_url.is_none(),
            follows_nobody: own.followee_count == 0,
        },
        name: own.display_name.unwrap_or(own.username),
        posts: posts::section(visit, &viewer).await,
        to_follow: suggested(visit, &viewer, home.to_follow),
        lately: person_row::rows(visit, &viewer, home.lately),
        frame: visit.frame(Some(viewer)),
    };
    Ok(visit.page(StatusCode::OK, &page)?)
}

/// The rows of people to follow, each with why.
fn suggested(visit: Visit<'_>, viewer: &Viewer, suggestions: Vec<Suggestion>) -> Vec<PersonRow> {
    let (people, mutuals): (Vec<_>, Vec<_>) = suggestions
        .into_iter()
        .map(|one| {
            (
                (one.person, one.relationship),
                person_row::mutuals(one.mutuals),
            )
        })
        .unzip();
    let mut rows = person_row::rows(visit, viewer, people);
    for (row, why) in rows.iter_mut().zip(mutuals) {
        row.why = why;
    }
    rows
}
