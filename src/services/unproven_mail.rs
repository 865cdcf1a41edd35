//! Mails to addresses that never proved that they want to hear from us. Anybody can have them sent to
//! anybody: by registering, by asking for another link, by naming a new address. So each mailbox gets a
//! few of all kinds together, and none for a week after its owner said "This was not me".

use super::throttle::{self, Action};
use crate::{App, Error, Result, caller, database::GenericClient, storage::quiet_mailboxes};
use time::{Duration, OffsetDateTime};

/// How long a mailbox is left alone whose owner said "This was not me".
const QUIET_FOR: Duration = Duration::days(7);

/// Counts one more mail to the mailbox of this address, or says when to come back. Like the limits it is
/// for what requests ask for; the mail worker leaves a quiet mailbox alone whoever asked.
///
/// # Errors
/// `RateLimited`; `MailboxQuiet`.
pub(super) async fn check(app: &App, email: &str) -> Result<()> {
    if caller::trace_id().is_none() {
        return Ok(());
    }
    if let Some(until) = quiet_until(app, email).await? {
        let retry_after = (until - app.clock.now()).unsigned_abs();
        return Err(Error::MailboxQuiet { retry_after });
    }
    throttle::check(app, Action::UnprovenMail(email)).await
}

/// Counts one more mail to the mailbox of this address with the transaction that owes it. A quiet mailbox
/// is no reason to refuse: the mail worker leaves it alone, and [`quiet_until`] says so to whoever waits.
///
/// # Errors
/// `RateLimited`
pub(super) async fn take(db: &impl GenericClient, app: &App, email: &str) -> Result<()> {
    if caller::trace_id().is_none() {
        return Ok(());
    }
    throttle::check_in(db, app, Action::UnprovenMail(email)).await
}

/// Until when the mailbox of this address is left alone, if it is.
///
/// # Errors
/// None but those of the service.
pub async fn quiet_until(app: &App, email: &str) -> Result<Option<OffsetDateTime>> {
    let key = app.keys.secrets().mailbox_key(email);
    let db = app.db.get().await?;
    quiet_mailboxes::quiet_until(&db, &key, app.clock.now()).await
}

/// Like [`check`], for what is quietly left undone: whoever asks is not to learn anything of the
/// mailbox.
///
/// # Errors
/// None but those of the service.
pub(super) async fn admits(app: &App, email: &str) -> Result<bool> {
    match check(app, email).await {
        Err(Error::RateLimited { .. } | Error::MailboxQuiet { .. }) => Ok(false),
        checked => checked.map(|()| true),
    }
}

/// The owner of this mailbox asked for nothing: it is left alone for a week. Mails that wait are not
/// sent either.
///
/// # Errors
/// None but those of the service.
pub(super) async fn quieten(db: &impl GenericClient, app: &App, email: &str) -> Result<()> {
    let key = app.keys.secrets().mailbox_key(email);
    quiet_mailboxes::quieten(db, &key, app.clock.now() + QUIET_FOR).await
}
