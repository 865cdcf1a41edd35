//! How long what is kept. `docs/retention.md` is this table in words.

use super::{deletion, leases::Lease};
use crate::{
    App, Result,
    domain::history,
    storage::{
        known_devices, password_resets, rate_limits,
        retention::{self, BATCH, Class},
    },
};
use time::{Duration, OffsetDateTime};

/// What is forgotten, and how long after it ran out. In this order: what hangs on another goes first.
pub const RULES: &[(Class, Duration)] = &[
    (Class::WebSessions, Duration::ZERO),
    (Class::EmailVerifications, Duration::days(30)),
    // A token that was copied is known as such for as long as its row is here.
    (Class::RefreshTokens, Duration::days(30)),
    (Class::TokensOfEndedSessions, Duration::days(30)),
    (Class::EndedSessions, Duration::days(30)),
    (Class::IdleSessions, Duration::days(60)),
    (Class::Mails, Duration::days(30)),
    (Class::AuditLog, history::KEPT),
    (Class::Exports, Duration::ZERO),
    (Class::EmailChanges, Duration::ZERO),
    (Class::EmailRestorations, Duration::ZERO),
    (Class::HeldUsernames, Duration::ZERO),
    (Class::QuietMailboxes, Duration::ZERO),
];

/// A kind of work that a round has.
#[derive(Debug)]
enum Work {
    Forget(Class, OffsetDateTime),
    ForgetMore,
    DeleteAccounts,
}

/// A round: forgets all that has run out, and deletes the accounts whose window has ended. What goes
/// wrong is logged and left to the next round; says whether nothing did.
///
/// # Errors
/// When the lease is lost: nothing is done from then on.
pub async fn sweep(app: &App, lease: &Lease) -> Result<bool> {
    let now = app.clock.now();
    let classes = RULES
        .iter()
        .map(|(class, age)| Work::Forget(*class, now - *age));
    let mut went_well = true;
    for work in classes.chain([Work::ForgetMore, Work::DeleteAccounts]) {
        went_well &= do_all(app, lease, &work).await?;
    }
    Ok(went_well)
}

/// Does step after step until none is left; says whether none failed.
async fn do_all(app: &App, lease: &Lease, work: &Work) -> Result<bool> {
    loop {
        lease.renew(app).await?;
        match step(app, work).await {
            Ok(true) => {}
            Ok(false) => return Ok(true),
            Err(error) => {
                tracing::warn!(%error, ?work, "could not forget all that ran out");
                return Ok(false);
            }
        }
    }
}

/// A short step; says whether there may be more.
async fn step(app: &App, work: &Work) -> Result<bool> {
    match work {
        Work::Forget(class, until) => forget(app, *class, *until).await,
        Work::ForgetMore => forget_more(app).await,
        Work::DeleteAccounts => deletion::step(app).await,
    }
}

/// One batch of a class. The connection is given back after each: people come first.
async fn forget(app: &App, class: Class, until: OffsetDateTime) -> Result<bool> {
    let gone = retention::forget(&app.db.get().await?, class, until).await?;
    tracing::debug!(gone, ?class, "forgot what ran out");
    Ok(gone == BATCH)
}

async fn forget_more(app: &App) -> Result<bool> {
    let client = app.db.get().await?;
    let now = app.clock.now();
    password_resets::delete_expired(&client, now).await?;
    rate_limits::delete_full(&client, now).await?;
    known_devices::delete_expired(&client, now).await?;
    Ok(false)
}
