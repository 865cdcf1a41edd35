//! Following and unfollowing.

use super::{
    cache::Change,
    retry::on_contention,
    throttle::{self, Action},
    write::Write,
};
use crate::{App, Error, Result, domain::Other, storage::follows};
use uuid::Uuid;

pub use crate::{domain::follow::Followed, storage::follows::List};

/// Makes `viewer` follow `target`. Doing it twice is no error.
///
/// # Errors
/// `CannotFollowSelf`, `UserNotFound`, `Unauthenticated` when the viewer's account is gone.
pub async fn follow(app: &App, viewer: Uuid, target: impl Into<Other>) -> Result<Followed> {
    let target = target.into();
    if target.is(viewer) {
        return Err(Error::CannotFollowSelf);
    }
    throttle::check(app, Action::Follow(viewer)).await?;
    let now = app.clock.now();
    let write = Write::begin(app, counts(viewer, target)).await?;
    let followed = on_contention(|| follows::insert(&write.db, viewer, target, now)).await;
    write
        .end(followed, |followed| *followed == Followed::Created)
        .await
}

/// Makes `viewer` not follow `target`. Doing it twice is no error.
///
/// # Errors
/// `UserNotFound`
pub async fn unfollow(app: &App, viewer: Uuid, target: impl Into<Other>) -> Result<()> {
    let target = target.into();
    let write = Write::begin(app, counts(viewer, target)).await?;
    let was_there = on_contention(|| follows::delete(&write.db, viewer, target)).await;
    write.end(was_there, |was_there| *was_there).await.map(drop)
}

fn counts(viewer: Uuid, target: Other) -> [Change; 2] {
    [viewer, target.id_without_a_look()].map(Change::Counts)
}
