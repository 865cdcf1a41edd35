//! What is known of people for a few seconds, so that most reads need no database. `services::freshness`
//! has the rule of who reads from here.
//!
//! Every entry says up to which moment it shows every commit, and ends 5 s after that at the latest,
//! whatever else happens: that is what is promised. Whoever changes something says so, so that it
//! ends at once here and within 100 ms at the other replicas of the service, which hear of it by
//! notices of the database.

mod notice;

pub use notice::{Change, Outgoing};

use crate::{
    App, Error, Result,
    database::{self, Transaction, notices, time_budget},
    domain::{Person, Profile},
    storage::profiles::Account,
};
use read_cache::{Lookup, ReadCache};
use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::broadcast,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

/// How old a value may be, counted from the moment up to which it shows every commit. Nothing older
/// than 5 s is served: the rest is for an answer that is slow to go out.
pub const MAX_AGE: Duration = Duration::from_secs(4);

/// How long a load may take: a wait for a connection and a statement, on a replica and on the primary.
const LOAD_TIME: Duration = Duration::from_secs(18);

/// The bytes of each part. 32 MB in all are the public sides of some 50,000 people and the profiles
/// of some 20,000: those looked at within seconds on one replica, a quarter of the service's memory.
const PEOPLE_BYTES: usize = 16 << 20;
const PROFILES_BYTES: usize = 12 << 20;
const NAMES_BYTES: usize = 4 << 20;

/// How many notices back a change looks for its own, how long it waits for it, and how long then
/// for those who hear it a little later.
const NOTICES: usize = 64;
const ECHO_TIME: Duration = Duration::from_millis(20);
const GRACE: Duration = Duration::from_millis(1);

/// People as they were at most 5 s ago.
pub struct PeopleCache {
    /// The public sides of people; who is leaving is not there.
    pub people: ReadCache<Uuid, Arc<Person>, Error>,
    /// Whole profiles, whose counts change often, also of who is leaving.
    pub profiles: ReadCache<Uuid, Arc<Account>, Error>,
    /// Whose handle, in small letters, it is or was a moment ago: who looks there must look at the
    /// person too.
    pub names: ReadCache<String, Uuid, Error>,
    /// What the other replicas are still to be told.
    pub outgoing: Outgoing,
    heard: broadcast::Sender<String>,
    listening: AtomicBool,
}

impl Default for PeopleCache {
    fn default() -> Self {
        Self {
            people: ReadCache::new("people", MAX_AGE, PEOPLE_BYTES, |_, person| {
                person.map_or(0, |person| size_of::<Person>() + letters_of(person))
            }),
            profiles: ReadCache::new("profiles", MAX_AGE, PROFILES_BYTES, |_, account| {
                account.map_or(0, |account| {
                    size_of::<Account>() + letters_of_profile(&account.profile)
                })
            }),
            names: ReadCache::new("names", MAX_AGE, NAMES_BYTES, |name, _| name.len()),
            outgoing: Outgoing::default(),
            heard: broadcast::Sender::new(NOTICES),
            listening: AtomicBool::new(false),
        }
    }
}

impl PeopleCache {
    /// Forgets what these changes made old.
    pub fn forget(&self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Person(id) => {
                    self.people.forget(id);
                    self.profiles.forget(id);
                }
                Change::Counts(id) => self.profiles.forget(id),
                Change::Name(name) => self.names.forget(name),
                Change::Everything => self.forget_everything(),
            }
        }
    }

    /// Says whether changes are told and heard of right now: else nobody waits for that.
    pub fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
    }

    fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// Forgets what a notice says that somebody changed, oneself perhaps.
    pub fn hear(&self, notice: String) {
        self.forget(&Change::all_in(&notice));
        // Nobody may be waiting for it.
        self.heard.send(notice).ok();
    }

    /// Forgets everything.
    pub fn forget_everything(&self) {
        self.people.forget_everything();
        self.profiles.forget_everything();
        self.names.forget_everything();
    }

    /// Keeps a profile that was found on the way, and what it shows to everybody.
    pub(super) fn keep(&self, account: &Arc<Account>, as_of: Instant) {
        let profile = &account.profile;
        let person = account.is_visible.then(|| Arc::new(Person::from(profile)));
        self.people.insert(profile.id, person, as_of);
        self.profiles
            .insert(profile.id, Some(Arc::clone(account)), as_of);
    }
}

/// What a look into the cache comes to. Also who joins another's load waits no longer than a request may.
pub(super) async fn in_time<T>(lookup: Lookup<'_, T, Error>) -> Result<T> {
    match lookup {
        Lookup::Cached(value) => Ok(value),
        Lookup::Loading(load) => {
            // Boxed, since it is part of every request's future.
            let loaded = Box::pin(time_budget::wait(LOAD_TIME, load)).await?;
            loaded.map_err(|error| Error::shared(&error))
        }
    }
}

/// Commits what seldom happens and changes what is kept of people. The notice to the other replicas
/// leaves with the commit, and the answer waits for a moment until it has come back: then they know
/// too, and who asks another one next sees what was changed.
///
/// THE list of what must be told, here or by [`Changing`]; a test finds statements that are missing:
/// - the public side and the address (`username`, `display_name`, `bio`, `avatar_url`, `email`):
///   `profiles::update`, `users::{set_username, set_email, correct_email}`;
/// - whether somebody is there at all: `users::{insert, delete_unverified}`,
///   `deletions::{request, keep, let_go, let_go_unproven, delete}`;
/// - counts: `follows::{insert, delete, delete_followers, delete_followees, forget_counts}`.
pub(super) async fn commit(app: &App, tx: Transaction<'_>, changes: &[Change]) -> Result<()> {
    let notices = notice::notices(changes);
    let Some(last) = notices.last() else {
        return database::commit(tx).await;
    };
    notices::tell(&tx, &notices).await?;
    let heard = app.cache.heard.subscribe();
    let outcome = database::commit(tx).await;
    // Also when nobody knows whether it was committed.
    app.cache.forget(changes);
    if outcome.is_ok() && app.cache.is_listening() {
        timeout(ECHO_TIME, echo(heard, last)).await.ok();
    }
    outcome
}

/// Until the notice is heard here, and the others have most likely heard it too.
async fn echo(mut heard: broadcast::Receiver<String>, notice: &str) {
    while heard.recv().await.is_ok_and(|heard| heard != notice) {}
    sleep(GRACE).await;
}

/// What something that happens often is about to change. The other replicas hear of much at a time:
/// notices within transactions would have them all commit one after another. Said in any case, also
/// when who asked for it has gone before the answer came, and nobody knows what happened.
pub(super) struct Changing<'a> {
    app: &'a App,
    changes: Vec<Change>,
}

impl<'a> Changing<'a> {
    pub(super) fn new(app: &'a App, changes: impl Into<Vec<Change>>) -> Self {
        let changes = changes.into();
        Self { app, changes }
    }

    /// It was so already, perhaps since a moment ago by another replica.
    pub(super) fn found(mut self) {
        self.app.cache.forget(&mem::take(&mut self.changes));
    }

    /// It happened, or may have. Waits for a moment until the others have most likely heard of it:
    /// with no connection in hand, which others could use.
    pub(super) async fn done(mut self) {
        let Some(batch) = self.say() else { return };
        let cache = &self.app.cache;
        if cache.is_listening()
            && timeout(ECHO_TIME, cache.outgoing.until_told(batch))
                .await
                .is_ok()
        {
            sleep(GRACE).await;
        }
    }

    fn say(&mut self) -> Option<u64> {
        if self.changes.is_empty() {
            return None;
        }
        let changes = mem::take(&mut self.changes);
        self.app.cache.forget(&changes);
        Some(self.app.cache.outgoing.add(changes))
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.say();
    }
}

fn letters_of(person: &Person) -> usize {
    let optional = [&person.display_name, &person.avatar_url];
    person.username.len() + lengths(optional)
}

fn letters_of_profile(profile: &Profile) -> usize {
    let optional = [&profile.display_name, &profile.bio, &profile.avatar_url];
    profile.username.len() + profile.email.len() + lengths(optional)
}

fn lengths<const N: usize>(texts: [&Option<String>; N]) -> usize {
    texts.into_iter().flatten().map(String::len).sum()
}

#[cfg(test)]
mod told {
    use crate::database::snapshot;

    /// What [`super::commit`] lists.
    const TOLD: [&str; 16] = [
        "users::insert",
        "users::correct_email",
        "users::set_email",
        "users::set_username",
        "users::delete_unverified",
        "profiles::update",
        "follows::insert",
        "follows::delete",
        "follows::delete_followers",
        "follows::delete_followees",
        "follows::forget_counts",
        "deletions::request",
        "deletions::keep",
        "deletions::let_go",
        "deletions::let_go_unproven",
        "deletions::delete",
    ];
    /// What writes to the same tables, but nothing that is kept.
    const SILENT: [&str; 5] = [
        "users::replace_password_hash",
        "users::reset_password",
        "users::mark_verified",
        "deletions::claim",
        "deletions::postpone",
    ];

    #[test]
    fn every_statement_that_changes_what_is_kept_is_known() {
        let verbs = ["INSERT INTO", "UPDATE", "DELETE FROM"];
        let tables = ["users", "follow_counts"];
        for (name, sql) in snapshot::statements() {
            let writes = |verb, table| sql.contains(&format!(r#"{verb} "users"."{table}""#));
            let writes = verbs
                .iter()
                .any(|verb| tables.iter().any(|table| writes(verb, table)));
            let known = [&TOLD[..], &SILENT].concat().contains(&name.as_str());
            assert!(!writes || known, "who tells of what {name} changes?");
        }
    }
}
