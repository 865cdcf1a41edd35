//! Profiles: one's own, anybody's, and as a viewer sees them.

use super::find;
use crate::{
    App, Error, Result,
    database::Object,
    domain::{Profile, PublicProfile, Relationship, username},
    services::{
        cache,
        freshness::{self, Freshness},
        view::View,
    },
    storage::profiles::{self, Account},
};
use read_cache::Rows;
use std::sync::Arc;
use uuid::Uuid;

/// The viewer's own profile.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn own(app: &App, viewer: Uuid) -> Result<Profile> {
    let client = app.db.get().await?;
    profiles::by_id(&client, viewer)
        .await?
        .ok_or(Error::Unauthenticated)
}

/// The same from the cache: it shows at once what was changed here, and elsewhere a moment ago.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn own_recent(app: &App, viewer: Uuid) -> Result<Arc<Account>> {
    recent(app, viewer).await?.ok_or(Error::Unauthenticated)
}

/// What everybody may see of a profile, by handle, whatever its case.
///
/// # Errors
/// `UserNotFound`
pub async fn public(app: &App, name: &str, freshness: Freshness) -> Result<PublicProfile> {
    if !username::has_valid_characters(name) {
        return Err(Error::UserNotFound);
    }
    let account = match freshness {
        Freshness::Exact => {
            let client = app.db.get().await?;
            let found = Box::pin(profiles::account_by_username(&client, name));
            found.await?.map(Arc::new)
        }
        Freshness::Recent => match find::id_of(app, name).await? {
            Some(id) => recent(app, id).await?,
            None => None,
        },
    };
    // Who was renamed or left a moment ago may still be found by the name.
    let account = account.filter(|account| {
        account.is_visible && account.profile.username.eq_ignore_ascii_case(name)
    });
    let account = account.ok_or(Error::UserNotFound)?;
    Ok(PublicProfile::from(&account.profile))
}

async fn recent(app: &App, id: Uuid) -> Result<Option<Arc<Account>>> {
    let load = |missing| load(app.clone(), missing);
    cache::in_time(app.cache.profiles.get(&id, load)).await
}

async fn load(app: App, ids: Vec<Uuid>) -> Result<Rows<Uuid, Arc<Account>>> {
    let since = app.cache.profiles.last_change(&ids);
    let work = async |db: Object| profiles::accounts(&db, &ids).await;
    let all = |accounts: &Vec<Account>| accounts.len() == ids.len();
    let (accounts, as_of) = freshness::load(&app, since, work, all).await?;
    let accounts = accounts.into_iter().map(Arc::new);
    let found = accounts.map(|account| (account.profile.id, account));
    Ok(Rows {
        found: found.collect(),
        as_of,
    })
}

/// The viewer's own profile.
///
/// # Errors
/// `Unauthenticated` when the account is gone.
pub async fn of_viewer(view: View) -> Result<Profile> {
    let profile = profiles::by_id(&*view.db, view.who).await?;
    profile.ok_or(Error::Unauthenticated)
}

/// Anybody's profile by handle, whatever its case, and how the viewer and the person stand to each
/// other.
///
/// # Errors
/// `UserNotFound`
pub async fn seen_by(view: View, name: &str) -> Result<(PublicProfile, Relationship)> {
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
        tokio::try_join!(seen_by(view.clone(), name), of_viewer(view))?;
    Ok(Pressed {
        person,
        relationship,
        followees: own.followee_count,
    })
}

pub(super) fn require_handle(name: &str) -> Result<()> {
    let is_handle = username::has_valid_characters(name);
    is_handle.then_some(()).ok_or(Error::UserNotFound)
}
