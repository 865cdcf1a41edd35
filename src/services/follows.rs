//! Following, unfollowing, and who follows whom.

use super::{
    cache::{Change, Changing},
    freshness::{Reads, read},
    people,
    retry::on_contention,
    throttle::{self, Action},
};
use crate::{
    App, Error, Result,
    database::{GenericClient, Object},
    domain::{Cursor, PeoplePage, Position},
    storage::{
        follows::{self, Made},
        users,
    },
};
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
    let counts = Changing::new(app, [viewer, target].map(Change::Counts));
    let made = on_contention(|| follows::insert(&client, viewer, target, now)).await;
    drop(client);
    match made {
        Ok(Made::New) | Err(_) => counts.done().await,
        _ => counts.found(),
    }
    let made = made.map_err(|error| {
        error
            .on_constraint("follows_followee_id_fkey", Error::UserNotFound)
            .on_constraint("follows_follower_id_fkey", Error::Unauthenticated)
            .on_constraint("follow_counts_user_id_fkey", Error::UserNotFound)
    })?;
    match made {
        Made::New => Ok(Followed::Created),
        Made::Already => Ok(Followed::Already),
        Made::NoFollowee => Err(Error::UserNotFound),
        Made::NoFollower => Err(Error::Unauthenticated),
    }
}

/// Makes `viewer` not follow `target`. Doing it twice is no error.
///
/// # Errors
/// `UserNotFound`
pub async fn unfollow(app: &App, viewer: Uuid, target: Uuid) -> Result<()> {
    let client = app.db.get().await?;
    let counts = Changing::new(app, [viewer, target].map(Change::Counts));
    let deleted = on_contention(|| follows::delete(&client, viewer, target)).await;
    drop(client);
    match deleted {
        Ok(Some(true)) | Err(_) => counts.done().await,
        _ => counts.found(),
    }
    deleted?.map(drop).ok_or(Error::UserNotFound)
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
