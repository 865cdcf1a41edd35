//! `/@{username}/followers` and `/@{username}/following`.

use super::{
    page::Frame,
    people::{self, PersonRow},
    visit::{Handle, SignedIn, Visit},
};
use crate::{
    Error, Result,
    domain::{PeoplePage, Position, page::MAX_PAGE},
    http::Scope,
    services::{
        follows::{self, List},
        profiles,
        reads::Reads,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "lists/page.html")]
struct ListPage {
    frame: Frame,
    username: String,
    /// Whether the list is the viewer's own.
    is_own: bool,
    list: List,
    followers: String,
    following: String,
    rows: Vec<PersonRow>,
    newer: Option<String>,
    older: Option<String>,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "lists/no_such_page.html")]
struct NoSuchPage {
    frame: Frame,
    first: String,
    trace_id: String,
}

/// Which page of a list.
#[derive(Deserialize)]
struct Asked {
    page: Option<String>,
    cursor: Option<String>,
}

/// `GET /@{username}/followers`
#[handler]
pub(super) async fn followers(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    Handle(username): Handle,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    page(visit, SignedIn(viewer), &username, List::Followers, &asked).await
}

/// `GET /@{username}/following`
#[handler]
pub(super) async fn following(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    Handle(username): Handle,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    page(visit, SignedIn(viewer), &username, List::Followees, &asked).await
}

async fn page(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    username: &str,
    list: List,
    asked: &Asked,
) -> Result<Response> {
    let profile = match profiles::by_username(visit.app, username, Reads::Primary).await {
        Err(Error::UserNotFound) => return visit.to_successor_of(username).await,
        found => found?,
    };
    let position = match Position::parse(asked.page.as_deref(), None, asked.cursor.as_deref()) {
        Ok(position) => position,
        Err(error) => return no_such_page(visit, viewer.clone(), &error),
    };
    let of = (profile.id, list);
    let people = follows::list(visit.app, viewer.user_id, of, &position, visit.reads()).await?;
    let (newer, older) = (newer(&people), older(&people));
    let page = ListPage {
        is_own: profile.id == viewer.user_id,
        list,
        followers: people::followers(profile.follower_count),
        following: people::following(profile.followee_count),
        username: profile.username,
        is_first: people.page == Some(1),
        rows: people::rows(visit, &viewer, people.items).await?,
        newer,
        older,
        frame: visit.frame(Some(viewer)),
    };
    visit.page(StatusCode::OK, &page)
}

fn no_such_page(
    visit: Visit<'_>,
    viewer: super::session::Viewer,
    error: &Error,
) -> Result<Response> {
    let first = visit.request.original_uri().path().to_owned();
    let page = NoSuchPage {
        frame: visit.frame(Some(viewer)),
        first,
        trace_id: Scope::of(visit.request).trace_id().to_owned(),
    };
    visit.page(error.status(), &page)
}

/// The query of the page before. A page that a cursor leads to has no number: back to the start.
fn newer(people: &PeoplePage) -> Option<String> {
    match people.page {
        Some(1) => None,
        Some(page) => Some(format!("?page={}", page - 1)),
        None => Some("?page=1".to_owned()),
    }
}

/// The query of the page after: by number as long as there are numbers, then by cursor.
fn older(people: &PeoplePage) -> Option<String> {
    let cursor = people.next_cursor.as_ref()?;
    match people.page {
        Some(page) if page < MAX_PAGE => Some(format!("?page={}", page + 1)),
        _ => Some(format!("?cursor={cursor}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(page: Option<u32>, next_cursor: Option<&str>) -> (Option<String>, Option<String>) {
        let people = PeoplePage {
            items: Vec::new(),
            page,
            page_size: 20,
            has_next: next_cursor.is_some(),
            next_cursor: next_cursor.map(str::to_owned),
        };
        (newer(&people), older(&people))
    }

    #[test]
    fn links_lead_through_the_whole_list() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(links(Some(1), None), (None, None));
        assert_eq!(links(Some(1), Some("c")), (None, some("?page=2")));
        assert_eq!(links(Some(3), None), (some("?page=2"), None));
        assert_eq!(
            links(Some(MAX_PAGE), Some("c")),
            (some("?page=9999"), some("?cursor=c"))
        );
        assert_eq!(links(None, Some("d")), (some("?page=1"), some("?cursor=d")));
    }
}
