//! Leaving. An account that is to be deleted is hidden at once and kept for a window in which
//! logging in brings it back whole; then it is taken away for good.

use super::{
    avatars,
    cache::{self, Change},
    reauthentication,
    usernames::HELD_FOR,
};
use crate::{
    App, Error, Result, database,
    domain::Username,
    storage::{
        self, audit,
        deletions::{self, Leaving},
        email_changes, follows, held_usernames,
        outbox::{self, Kind, NewMail},
        retention,
        sessions::{self, EndReason, Opened},
    },
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// How long a log-in keeps the account.
pub const WINDOW: Duration = Duration::days(14);
/// How long an account waits that could not be deleted.
const POSTPONED: Duration = Duration::hours(1);

/// Has an account deleted after [`WINDOW`], which nobody sees any more from now on. Ends all of its
/// sessions. Gives the end of the window.
///
/// # Errors
/// `ReauthenticationRequired`; `Unauthenticated` when the session has ended meanwhile, and when the account is to
/// be deleted already, or gone.
pub async fn request(app: &App, user_id: Uuid, session_id: Uuid) -> Result<OffsetDateTime> {
    reauthentication::require_recent(app, session_id).await?;
    let now = app.clock.now();
    let delete_after = now + WINDOW;
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    if !deletions::request(&tx, user_id, delete_after).await? {
        return Err(Error::Unauthenticated);
    }
    let ended = sessions::end_all(&tx, user_id, None, EndReason::Deletion, now).await?;
    // Who asks was in one of them; if that ended before, so did what it may do.
    if !ended.contains(&session_id) {
        return Err(Error::Unauthenticated);
    }
    email_changes::cancel(&tx, user_id).await?;
    let event = audit::Event::DeletionRequested;
    audit::append(&tx, user_id, Some(session_id), event, None, now).await?;
    let until = delete_after.format(&Rfc3339).map_err(Error::internal)?;
    let mail = NewMail::notice(user_id, Kind::DeletionRequested, now).also("until", &until);
    outbox::owe(&tx, &mail).await?;
    cache::commit(app, tx, &[Change::Person(user_id)]).await?;
    app.mail_owed.notify_one();
    Ok(delete_after)
}

/// Opens a session in an account that was to be deleted, which keeps it: both or neither. Says
/// false when the account changed since the password was verified.
pub(super) async fn keep_and_open(app: &App, opened: &Opened<'_>) -> Result<bool> {
    let (user_id, now) = (opened.user_id, opened.now);
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let kept = deletions::keep(&tx, user_id, opened.password_hash, now).await?;
    let Some(username) = kept else {
        return Ok(false);
    };
    if !sessions::open(&tx, opened).await? {
        return Ok(false);
    }
    let event = audit::Event::DeletionCancelled;
    audit::append(&tx, user_id, Some(opened.session_id), event, None, now).await?;
    let mail = NewMail::notice(user_id, Kind::DeletionCancelled, now);
    outbox::owe(&tx, &mail).await?;
    let changes = [Change::Person(user_id), Change::name(&username)];
    cache::commit(app, tx, &changes).await?;
    app.mail_owed.notify_one();
    Ok(true)
}

/// Takes away for good what belongs to an account whose window has ended, in one short transaction;
/// says whether there was anything to do. Whoever takes the next one, here or on another replica,
/// goes on from where this one ended. An account that can't be taken away waits.
pub(super) async fn step(app: &App) -> Result<bool> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    let Some(leaving) = deletions::claim(&tx, now).await? else {
        return Ok(false);
    };
    let user_id = leaving.id;
    let outcome = match take_away(&tx, &leaving, now).await {
        Ok(gone) => {
            let committed = cache::commit(app, tx, &gone.changes).await;
            committed.map(|()| gone.pictures)
        }
        Err(error) => {
            drop(tx);
            Err(error)
        }
    };
    match outcome {
        Ok(pictures) => avatars::delete(app, &pictures).await,
        // Another one was let pass: the next round takes it again.
        Err(error) if error.is_contention() => {}
        Err(error) => {
            tracing::warn!(%error, %user_id, "could not delete an account yet, will try again");
            let client = app.db.get().await?;
            deletions::postpone(&client, user_id, now + POSTPONED, now).await?;
        }
    }
    Ok(true)
}

/// What a step takes away.
struct Gone {
    /// What is to be told with the commit.
    changes: Vec<Change>,
    /// The pictures that nobody has after it.
    pictures: Vec<String>,
}

/// A batch of what hangs on the account, and the account itself when that was all.
async fn take_away(
    tx: &database::Transaction<'_>,
    leaving: &Leaving,
    now: OffsetDateTime,
) -> Result<Gone> {
    let user_id = leaving.id;
    let others = follows::delete_some_of(tx, user_id).await?;
    let rows = deletions::delete_rows(tx, user_id).await?;
    let is_all = others.len() < follows::BATCH && rows < retention::BATCH;
    let mut changes: Vec<_> = others.into_iter().map(Change::Counts).collect();
    if !is_all {
        return Ok(Gone {
            changes,
            pictures: Vec::new(),
        });
    }
    let pictures = storage::avatars::issued(tx, user_id).await?;
    deletions::delete(tx, user_id).await?;
    // An unproven account that was let go has given its name up already.
    if Username::parse(&leaving.username).is_ok() {
        held_usernames::hold(tx, &leaving.username, None, now + HELD_FOR).await?;
    }
    tracing::info!(%user_id, "an account was deleted for good");
    changes.push(Change::Person(user_id));
    Ok(Gone { changes, pictures })
}
