//! What the signed-in home shows: people to follow, and who followed lately.

use super::{
    follows, people,
    reads::{Reads, read},
};
use crate::{
    App, Result,
    domain::{Person, Position, page::Start},
    storage::{self, GenericClient, Object, suggestions, users},
};
use uuid::Uuid;

/// How many people a section shows.
const PEOPLE: u32 = 8;
/// How many are asked for: enough are left when those are left out who are on the page already,
/// at most [`PEOPLE`] of them.
const CANDIDATES: u32 = 2 * PEOPLE;

/// The sections of the home page.
#[derive(Debug, Clone)]
pub struct Home {
    /// People that the viewer does not follow yet, and who are not in `lately`.
    pub to_follow: Vec<Suggestion>,
    /// Who followed the viewer lately, newest first.
    pub lately: Vec<Person>,
}

/// Somebody to follow.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// Who.
    pub person: Person,
    /// How many people that the viewer follows follow this person, as far as was looked.
    pub mutuals: i64,
}

/// The home of a person. Nobody is in both sections.
pub async fn of(app: &App, viewer: Uuid, reads: Reads) -> Result<Home> {
    let sections = async |db: Object| {
        let lately = lately(&db, viewer).await?;
        let to_follow = to_follow(&db, viewer, &lately).await?;
        Ok((to_follow, lately))
    };
    let (to_follow, lately) = read(app, reads, sections, |_| true).await?;
    Ok(Home {
        to_follow,
        lately: people::in_order(app, &lately).await?,
    })
}

async fn lately(client: &impl GenericClient, viewer: Uuid) -> Result<Vec<Uuid>> {
    let first = Position {
        start: Start::Number(1),
        size: PEOPLE,
    };
    let mut edges =
        storage::follows::page(client, viewer, follows::List::Followers, &first).await?;
    edges.truncate(PEOPLE as usize);
    Ok(edges.into_iter().map(|(id, _)| id).collect())
}

/// By mutual follows first, then the newest; without `others`, who have a button already.
async fn to_follow(
    client: &impl GenericClient,
    viewer: Uuid,
    others: &[Uuid],
) -> Result<Vec<Suggestion>> {
    let known = suggestions::by_mutuals(client, viewer, CANDIDATES.into()).await?;
    let mut found: Vec<Suggestion> = known
        .into_iter()
        .filter(|(person, _)| !others.contains(&person.id))
        .map(|(person, mutuals)| Suggestion { person, mutuals })
        .take(PEOPLE as usize)
        .collect();
    let missing = PEOPLE as usize - found.len();
    if missing > 0 {
        let newest = users::newest_unfollowed(client, viewer, CANDIDATES.into()).await?;
        let is_new = |person: &Person| {
            !others.contains(&person.id) && found.iter().all(|there| there.person.id != person.id)
        };
        let newest = newest.into_iter().filter(is_new).take(missing);
        let newest: Vec<Suggestion> = newest
            .map(|person| Suggestion { person, mutuals: 0 })
            .collect();
        found.extend(newest);
    }
    Ok(found)
}
