//! Following, unfollowing, and who follows whom.

use super::{
    people,
    reads::{Reads, read},
    retry::on_contention,
    throttle::{self, Action},
};
use crate::{
    App, Error, Result,
    domain::{Cursor, PeoplePage, Position},
    storage::{GenericClient, Object, follows, users},
};
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
    let created = on_contention(|| follows::insert(&client, viewer, target, now))
        .await
        .map_err(|error| {
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
    let deleted = on_contention(|| follows::delete(&client, viewer, target)).await?;
    if !deleted && !users::exists(&client, target).await? {
        return Err(Error::UserNotFound);
    }
    Ok(())
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
    let without_viewer = |page: &PeoplePage| page.items.iter().all(|person| person.id != viewer);
    let work = async |db: Object| page(&db, of, list, position).await;
    read(app, reads, work, without_viewer).await
}

async fn page(
    db: &impl GenericClient,
    of: Uuid,
    list: List,
    position: &Position,
) -> Result<PeoplePage> {
    let mut edges = follows::page(db, of, list, position).await?;
    if edges.is_empty() && !users::exists(db, of).await? {
        return Err(Error::UserNotFound);
    }
    let size = position.size as usize;
    let has_next = edges.len() > size;
    edges.truncate(size);
    let next_cursor = edges
        .last()
        .filter(|_| has_next)
        .map(|&(id, created_at)| Cursor { created_at, id }.encode());
    let ids: Vec<Uuid> = edges.iter().map(|(id, _)| *id).collect();
    Ok(PeoplePage {
        items: people::in_order(db, &ids).await?,
        page: position.page(),
        page_size: position.size,
        has_next,
        next_cursor,
    })
}
