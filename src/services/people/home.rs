//! What the signed-in home shows: people to follow, and who followed lately.

use super::{lists::Seen, profile::of_viewer};
use crate::{
    Result,
    domain::{Position, Profile, page::Start},
    services::view::View,
    storage::{
        follows::List,
        lists::{self, Owner},
        suggestions,
    },
};
use std::{cmp::Reverse, collections::HashSet};
use uuid::Uuid;

pub use crate::storage::suggestions::Suggestion;

/// How many people a section shows.
const PEOPLE: u32 = 8;
/// How many are asked for: enough are left when those are left out who are on the page already,
/// at most [`PEOPLE`] of them.
const CANDIDATES: u32 = 2 * PEOPLE;

/// The home page.
#[derive(Debug, Clone)]
pub struct Home {
    /// Whose it is.
    pub own: Profile,
    /// People that the viewer does not follow yet, and who are not in `lately`.
    pub to_follow: Vec<Suggestion>,
    /// Who followed the viewer lately, newest first.
    pub lately: Vec<Seen>,
}

/// The home of who is looking. Nobody is in both sections.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn of(view: View) -> Result<Home> {
    let first = Position {
        start: Start::Number(1),
        size: PEOPLE,
    };
    let followers = lists::page(&*view.db, view.who, Owner::Viewer, List::Followers, &first);
    let suggested = suggestions::of(&*view.db, view.who, CANDIDATES.into());
    // Not `try_join`: who is not signed in after all would leave statements without their answers.
    let (own, followers, suggested) = tokio::join!(of_viewer(view.clone()), followers, suggested);
    let (own, followers, suggested) = (own?, followers?, suggested?);
    let lately = followers.into_iter().take(PEOPLE as usize);
    let lately: Vec<Seen> = lately.filter_map(|follower| follower.person).collect();
    let there = lately.iter().map(|(person, _)| person.id).collect();
    Ok(Home {
        own,
        to_follow: to_follow(suggested, there),
        lately,
    })
}

/// By mutual follows first, then the newest; without those who have a button already.
fn to_follow(mut suggested: Vec<Suggestion>, mut there: HashSet<Uuid>) -> Vec<Suggestion> {
    suggested.sort_by_key(|one| Reverse((one.mutuals, one.person.id)));
    suggested.retain(|one| there.insert(one.person.id));
    suggested.truncate(PEOPLE as usize);
    suggested
}
