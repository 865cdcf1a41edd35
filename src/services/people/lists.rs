//! Followers and followees: a page of ids with people from the cache for services, a page with the viewer's
//! relationships for people.

use super::{find, profile::require_handle};
use crate::{
    App, Error, Result,
    database::{GenericClient, Object},
    domain::{Cursor, Other, PeoplePage, Person, Position, PublicProfile, Relationship},
    services::{
        freshness::{Freshness, read},
        view::View,
    },
    storage::{
        follows::{self, List},
        lists::{self, Owner},
        profiles, users,
    },
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Somebody as the viewer sees them.
pub type Seen = (Person, Relationship);

/// One page of the people that follow a person, or that it follows, newest first, for `viewer`.
///
/// # Errors
/// `UserNotFound`
pub async fn list(
    app: &App,
    viewer: Uuid,
    (of, list): (Other, List),
    position: &Position,
    freshness: Freshness,
) -> Result<PeoplePage> {
    let freshness = if of.is(viewer) {
        Freshness::Exact
    } else {
        freshness
    };
    let without_viewer = |edges: &Edges| edges.iter().all(|(id, _)| *id != viewer);
    let work = async |db: Object| edges(&db, of, list, position).await;
    let mut edges = read(app, freshness, work, without_viewer).await?;
    let next_cursor = position.cut(&mut edges, |&(id, created_at)| Cursor { created_at, id });
    let ids: Vec<Uuid> = edges.into_iter().map(|(id, _)| id).collect();
    Ok(PeoplePage {
        items: find::in_order(app, &ids).await?,
        page: position.page(),
        page_size: position.size,
        has_next: next_cursor.is_some(),
        next_cursor,
    })
}

/// Ids with the times of their edges.
type Edges = Vec<(Uuid, OffsetDateTime)>;

async fn edges(
    db: &impl GenericClient,
    of: Other,
    list: List,
    position: &Position,
) -> Result<Edges> {
    let edges = follows::page(db, of, list, position).await?;
    if edges.is_empty() && !users::is_visible(db, of).await? {
        return Err(Error::UserNotFound);
    }
    Ok(edges)
}

/// One page of a list.
#[derive(Debug)]
pub struct ListView {
    /// Whose list it is.
    pub owner: PublicProfile,
    /// Who is on the page.
    pub people: Vec<Seen>,
    /// Where the next page begins; none at the end.
    pub next_cursor: Option<String>,
}

/// One page of the people that follow the person with this handle, or that it follows, newest first.
///
/// # Errors
/// `UserNotFound`
pub async fn list_seen_by(
    view: View,
    name: &str,
    list: List,
    position: &Position,
) -> Result<ListView> {
    require_handle(name)?;
    let listed = lists::page(&*view.db, view.who, Owner::Named(name), list, position);
    let owner = profiles::account_by_username(&*view.db, name);
    let (owner, mut listed) = tokio::try_join!(owner, listed)?;
    let owner = owner.ok_or(Error::UserNotFound)?;
    Ok(ListView {
        owner: PublicProfile::from(&owner.profile),
        next_cursor: position.cut(&mut listed, |last| last.at),
        people: listed.into_iter().filter_map(|one| one.person).collect(),
    })
}
