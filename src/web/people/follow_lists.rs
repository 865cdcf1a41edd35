//! `/@{username}/followers` and `/@{username}/following`.

use super::person_row::{self, PersonRow};
use crate::{
    Error, Result,
    domain::{Position, page::MAX_PAGE},
    http::Scope,
    services::{follows::List, people, view::View},
    web::kit::{
        page::Frame,
        session::Viewer,
        visit::{Handle, Visit},
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "people/follow_lists.html")]
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
    /// How many of the list are not shown, since they are leaving.
    leaving: i64,
}

#[derive(Template)]
#[template(path = "people/no_such_page.html")]
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
pub(in crate::web) async fn followers(
    visit: Visit<'_>,
    of: poem::Result<Handle>,
    asked: poem::Result<Query<Asked>>,
) -> poem::Result<Response> {
    page(visit, of, List::Followers, asked).await
}

/// `GET /@{username}/following`
#[handler]
pub(in crate::web) async fn following(
    visit: Visit<'_>,
    of: poem::Result<Handle>,
    asked: poem::Result<Query<Asked>>,
) -> poem::Result<Response> {
    page(visit, of, List::Followees, asked).await
}

async fn page(
    visit: Visit<'_>,
    of: poem::Result<Handle>,
    list: List,
    asked: poem::Result<Query<Asked>>,
) -> poem::Result<Response> {
    let (username, asked) = match (of, asked) {
        (Ok(Handle(username)), Ok(Query(asked))) => (username, asked),
        (Err(error), _) | (_, Err(error)) => return visit.refuse(error).await,
    };
    let username = &*username;
    let asked = Position::parse(asked.page.as_deref(), None, asked.cursor.as_deref());
    // There may be nobody of this name: that comes before what is wrong with the page.
    let position = asked.as_ref().copied().unwrap_or_default();
    let read = async |view: View| match people::list_seen_by(view, username, list, &position).await
    {
        Err(Error::UserNotFound) => Ok(None),
        found => found.map(Some),
    };
    let (viewer, found) = visit.signed_in(read).await?;
    let Some(found) = found else {
        return Ok(visit.to_successor_of(username).await?);
    };
    if let Err(error) = asked {
        return Ok(no_such_page(visit, viewer, &error)?);
    }
    let count = match list {
        List::Followers => found.owner.follower_count,
        List::Followees => found.owner.followee_count,
    };
    let is_whole = position.page() == Some(1) && found.next_cursor.is_none();
    let shown = i64::try_from(found.people.len()).unwrap_or(i64::MAX);
    let page = ListPage {
        // Counts keep who is leaving: whoever logs in again is back.
        leaving: if is_whole { (count - shown).max(0) } else { 0 },
        is_own: found.owner.id == viewer.user_id,
        list,
        followers: person_row::followers(found.owner.follower_count),
        following: person_row::following(found.owner.followee_count),
        username: found.owner.username,
        rows: person_row::rows(visit, &viewer, found.people),
        is_first: position.page() == Some(1),
        newer: newer(position.page()),
        older: older(position.page(), found.next_cursor.as_deref()),
        frame: visit.frame(Some(viewer)),
    };
    Ok(visit.page(StatusCode::OK, &page)?)
}

fn no_such_page(visit: Visit<'_>, viewer: Viewer, error: &Error) -> Result<Response> {
    let first = visit.request.original_uri().path().to_owned();
    let page = NoSuchPage {
        frame: visit.frame(Some(viewer)),
        first,
        trace_id: Scope::of(visit.request).trace_id().to_owned(),
    };
    visit.page(error.status(), &page)
}

/// The query of the page before. A page that a cursor leads to has no number: back to the start.
fn newer(page: Option<u32>) -> Option<String> {
    match page {
        Some(1) => None,
        Some(page) => Some(format!("?page={}", page - 1)),
        None => Some("?page=1".to_owned()),
    }
}

/// The query of the page after: by number as long as there are numbers, then by cursor.
fn older(page: Option<u32>, next_cursor: Option<&str>) -> Option<String> {
    let cursor = next_cursor?;
    match page {
        Some(page) if page < MAX_PAGE => Some(format!("?page={}", page + 1)),
        _ => Some(format!("?cursor={cursor}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_through_the_whole_list() {
        let links = |page, next_cursor| (newer(page), older(page, next_cursor));
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
