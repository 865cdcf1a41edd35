//! Who looks at a page, and what they see.
//!
//! The statements of a page go out together on one connection, the one that says who is looking
//! among them: they find the viewer themselves, so none waits for another's answer and a page costs
//! one round trip. What they give is shown to nobody unless the session turns out to be live.

use crate::{
    App, Result,
    database::Object,
    storage::{Who, web_sessions},
};
use std::sync::Arc;
use time::OffsetDateTime;
use tower_sessions::session::Id;
use uuid::Uuid;

pub use crate::storage::web_sessions::Live;

/// One look at a page: who is looking, and the connection that all its statements go out on.
#[derive(Clone)]
pub struct View {
    pub(super) db: Arc<Object>,
    pub(super) who: Who,
    pub(super) now: OffsetDateTime,
}

impl View {
    /// The view of an account that is known to be signed in.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn of(app: &App, viewer: Uuid) -> Result<Self> {
        Self::new(app, Who::Account(viewer)).await
    }

    /// The view of somebody who is signed out.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn of_nobody(app: &App) -> Result<Self> {
        Self::new(app, Who::Nobody).await
    }

    async fn new(app: &App, who: Who) -> Result<Self> {
        let db = Arc::new(app.db.get().await?);
        let now = app.clock.now();
        Ok(Self { db, who, now })
    }

    /// A browser session, and beside it what `read` gives for the view of whoever it belongs to;
    /// none when the session is not live.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn of_session<T, F>(
        app: &App,
        id: &Id,
        read: impl FnOnce(Self) -> F,
    ) -> Result<Option<(Live, Result<T>)>>
    where
        F: Future<Output = Result<T>>,
    {
        let (db, now) = (Arc::new(app.db.get().await?), app.clock.now());
        let who = web_sessions::whose(id, now);
        let live = web_sessions::live(&*db, id, now);
        let view = Self {
            db: Arc::clone(&db),
            who,
            now,
        };
        let shown = async { Ok(read(view).await) };
        let (live, shown) = tokio::try_join!(live, shown)?;
        Ok(live.map(|live| (live, shown)))
    }
}
