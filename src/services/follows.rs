//! Following, unfollowing, and who follows whom.

use super::{
    cache::{self, Change},
    people,
    reads::{Reads, read},
    retry::on_contention,
    throttle::{self, Action},
};
use crate::{
    App, Error, Result,
    domain::{Cursor, PeoplePage, Position, Relationship},
    storage::{GenericClient, Object, follows, users},
};
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

pub use crate::storage::follows::List;

/// What a follow did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The edge is new.
    Created,
    /// It was there already.
    Already,
}

/// Makes `viewer` follow `target`. Doing it twice is no error.
///
/// # Errors
/// `CannotFollowSelf`, `UserNotFound`, `Unauthenticated` when the viewer's account is gone.
pub async fn follow(app: &App, viewer: Uuid, target: Uuid) -> Result<Followed> {
    if viewer == target {
        return Err(Error::CannotFollowSelf);
    }
    throttle::check(app, Action::Follow(viewer)).await?;
    let client = app.db.get().await?;
    let now = app.clock.now();
    let created = on_contention(|| follows::insert(&client, viewer, target, now)).await;
    say_changed(app, &created, [viewer, target]);
    let created = created.map_err(|error| {
        error
            .on_constraint("follows_followee_id_fkey", Error::UserNotFound)
            .on_constraint("follows_follower_id_fkey", Error::Unauthenticated)
            .on_constraint("follow_counts_user_id_fkey", Error::UserNotFound)
    })?;
    if created {
        return Ok(Followed::Created);
    }
    if !users::exists(&client, target).await? {
        return Err(Error::UserNotFound);
    }
    if !users::exists(&client, viewer).await? {
        return Err(Error::Unauthenticated);
    }
    Ok(Followed::Already)
}

/// Makes `viewer` not follow `target`. Doing it twice is no error.
///
/// # Errors
/// `UserNotFound`
pub async fn unfollow(app: &App, viewer: Uuid, target: Uuid) -> Result<()> {
    let client = app.db.get().await?;
    let deleted = on_contention(|| follows::delete(&client, viewer, target)).await;
    say_changed(app, &deleted, [viewer, target]);
    if !deleted? && !users::exists(&client, target).await? {
        return Err(Error::UserNotFound);
    }
    Ok(())
}

fn say_changed(app: &App, happened: &Result<bool>, people: [Uuid; 2]) {
    let changes = people.map(Change::Counts);
    match happened {
        // It was so already, perhaps since a moment ago by another replica.
        Ok(false) => app.cache.forget(&changes),
        // Also when nobody knows whether it happened.
        _ => cache::changed(app, changes.into()),
    }
}

/// One page of the people that follow a person, or that it follows, newest first, for `viewer`.
///
/// # Errors
/// `UserNotFound`
pub async fn list(
    app: &App,
    viewer: Uuid,
    (of, list): (Uuid, List),
    position: &Position,
    reads: Reads,
) -> Result<PeoplePage> {
    let reads = if of == viewer { Reads::Primary } else { reads };
    let without_viewer = |edges: &Edges| edges.iter().all(|(id, _)| *id != viewer);
    let work = async |db: Object| edges(&db, of, list, position).await;
    let mut edges = read(app, reads, work, without_viewer).await?;
    let size = position.size as usize;
    let has_next = edges.len() > size;
    edges.truncate(size);
    let next_cursor = edges
        .last()
        .filter(|_| has_next)
        .map(|&(id, created_at)| Cursor { created_at, id }.encode());
    let ids: Vec<Uuid> = edges.into_iter().map(|(id, _)| id).collect();
    Ok(PeoplePage {
        items: people::in_order(app, &ids).await?,
        page: position.page(),
        page_size: position.size,
        has_next,
        next_cursor,
    })
}

/// Ids with the times of their edges.
type Edges = Vec<(Uuid, OffsetDateTime)>;

async fn edges(
    db: &impl GenericClient,
    of: Uuid,
    list: List,
    position: &Position,
) -> Result<Edges> {
    let edges = follows::page(db, of, list, position).await?;
    if edges.is_empty() && !users::exists(db, of).await? {
        return Err(Error::UserNotFound);
    }
    Ok(edges)
}

/// How `viewer` and each of these people stand to each other; nobody is missing.
pub async fn relationships(
    app: &App,
    viewer: Uuid,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Relationship>> {
    let mut all: HashMap<Uuid, Relationship> = people
        .iter()
        .map(|id| (*id, Relationship::default()))
        .collect();
    if !people.is_empty() {
        let client = app.db.get().await?;
        all.extend(follows::relationships(&client, viewer, people).await?);
    }
    Ok(all)
}
