//! Following, unfollowing, and who follows whom.

use super::{
    cache::Change,
    freshness::{Reads, read},
    people,
    retry::on_contention,
    throttle::{self, Action},
    write::Write,
};
use crate::{
    App, Error, Result,
    database::{GenericClient, Object},
    domain::{Cursor, PeoplePage, Position},
    storage::{follows, users},
};
use time::OffsetDateTime;
use uuid::Uuid;

pub use crate::{domain::follow::Followed, storage::follows::List};

/// Makes `viewer` follow `target`. Doing it twice is no error.
///
/// # Errors
/// `CannotFollowSelf`, `UserNotFound`, `Unauthenticated` when the viewer's account is gone.
pub async fn follow(app: &App, viewer: Uuid, target: Uuid) -> Result<Followed> {
    if viewer == target {
        return Err(Error::CannotFollowSelf);
    }
    throttle::check(app, Action::Follow(viewer)).await?;
    let now = app.clock.now();
    let write = Write::begin(app, [viewer, target].map(Change::Counts)).await?;
    let followed = on_contention(|| follows::insert(&write.db, viewer, target, now)).await;
    write
        .end(followed, |followed| *followed == Followed::Created)
        .await
}

/// Makes `viewer` not follow `target`. Doing it twice is no error.
///
/// # Errors
/// `UserNotFound`
pub async fn unfollow(app: &App, viewer: Uuid, target: Uuid) -> Result<()> {
    let write = Write::begin(app, [viewer, target].map(Change::Counts)).await?;
    let was_there = on_contention(|| follows::delete(&write.db, viewer, target)).await;
    write.end(was_there, |was_there| *was_there).await.map(drop)
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
