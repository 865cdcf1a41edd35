//! What signed-in pages show.
//!
//! The statements of a page go out together on one connection, the one that says who is looking
//! among them: they find the viewer themselves, so none waits for another's answer and a page costs
//! one round trip. What they give is shown to nobody unless the session turns out to be live.

use crate::{
    App, Error, Result,
    database::Object,
    domain::{Person, Position, Profile, PublicProfile, Relationship, username},
    storage::{
        Who,
        follows::List,
        lists::{self, Owner},
        profiles, web_sessions,
    },
};
use std::sync::Arc;
use time::OffsetDateTime;
use tower_sessions::session::Id;
use uuid::Uuid;

pub use crate::storage::web_sessions::Live;

/// Somebody as the viewer sees them.
pub type Seen = (Person, Relationship);

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

/// The viewer's own profile.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn profile(view: View) -> Result<Profile> {
    let profile = profiles::by_id(&*view.db, view.who).await?;
    profile.ok_or(Error::Unauthenticated)
}

/// Anybody's profile by handle, whatever its case, and how the viewer and the person stand to each
/// other.
///
/// # Errors
/// `UserNotFound`
pub async fn person(view: View, name: &str) -> Result<(PublicProfile, Relationship)> {
    require_handle(name)?;
    let found = profiles::seen_by(&*view.db, view.who, name).await?;
    let (profile, relationship) = found.ok_or(Error::UserNotFound)?;
    Ok((PublicProfile::from(&profile), relationship))
}

/// What a press on a person's button needs and changes.
pub struct Pressed {
    /// The person.
    pub person: PublicProfile,
    /// How the viewer and the person stand to each other.
    pub relationship: Relationship,
    /// How many the viewer follows.
    pub followees: i64,
}

impl Pressed {
    /// As it is after the viewer began to follow the person, or stopped.
    pub fn follow(&mut self, follows: bool) {
        let more = i64::from(follows) - i64::from(self.relationship.following);
        self.relationship.following = follows;
        self.person.follower_count += more;
        self.followees += more;
    }
}

/// The person with this handle and the viewer, before the press.
///
/// # Errors
/// `UserNotFound`, `Unauthenticated` when the viewer's account is gone.
pub async fn pressed(view: View, name: &str) -> Result<Pressed> {
    let ((person, relationship), own) =
        tokio::try_join!(person(view.clone(), name), profile(view))?;
    Ok(Pressed {
        person,
        relationship,
        followees: own.followee_count,
    })
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
pub async fn list(view: View, name: &str, list: List, position: &Position) -> Result<ListView> {
    require_handle(name)?;
    let listed = lists::page(&*view.db, view.who, Owner::Named(name), list, position);
    let owner = profiles::account_by_username(&*view.db, name);
    let (owner, mut listed) = tokio::try_join!(owner, listed)?;
    let size = position.size as usize;
    let has_next = listed.len() > size;
    listed.truncate(size);
    let owner = owner.ok_or(Error::UserNotFound)?;
    Ok(ListView {
        owner: PublicProfile::from(&owner.profile),
        next_cursor: listed
            .last()
            .filter(|_| has_next)
            .map(|last| last.at.encode()),
        people: listed.into_iter().filter_map(|one| one.person).collect(),
    })
}

fn require_handle(name: &str) -> Result<()> {
    let is_handle = username::has_valid_characters(name);
    is_handle.then_some(()).ok_or(Error::UserNotFound)
}
