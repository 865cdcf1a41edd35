//! How long what is kept. `docs/retention.md` is this table in words.

use super::{accounts, deletion, leases::Lease};
use crate::{
    App, Result,
    domain::history,
    storage::{
        rate_limits,
        retention::{self, BATCH, Class},
    },
};
use time::{Duration, OffsetDateTime};

/// What is forgotten, and how long after it ran out. In this order: what hangs on another goes first.
pub const RULES: &[(Class, Duration)] = &[
    (Class::WebSessions, Duration::ZERO),
    (Class::EmailVerifications, Duration::days(30)),
    (Class::RefreshTokens, Duration::days(30)),
    (Class::TokensOfEndedSessions, Duration::days(30)),
    (Class::EndedSessions, Duration::days(30)),
    (Class::IdleSessions, Duration::days(60)),
    (Class::Mails, Duration::days(30)),
    (Class::AuditLog, history::KEPT),
    (Class::PiecesOfExports, Duration::ZERO),
    (Class::Exports, Duration::ZERO),
    (Class::EmailChanges, Duration::ZERO),
    (Class::EmailRestorations, Duration::ZERO),
    (Class::HeldUsernames, Duration::ZERO),
    // Its mail may be tried again for 48 hours, and must not bring a link back that was used.
    (Class::PasswordResets, Duration::days(3)),
    (Class::KnownDevices, Duration::ZERO),
    (Class::QuietMailboxes, Duration::ZERO),
];

/// How long an unproven account stays after its last link lapsed.
pub const UNPROVEN_KEPT: Duration = Duration::days(30);

/// How many steps a round takes of each kind of work: then the others have their turn.
const STEPS: u32 = 100;

/// A kind of work that a round has.
#[derive(Debug)]
enum Work {
    Forget(Class, OffsetDateTime),
    LetGoUnproven,
    DeleteAccounts,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Whether nothing went wrong.
    pub went_well: bool,
    /// Whether nothing is left that could have been done.
    pub is_finished: bool,
}

/// A round: forgets all that has run out, and deletes the accounts whose window has ended. What goes
/// wrong is logged and left to the next round, and so is what would take too long.
///
/// # Errors
/// When the lease is lost: nothing is done from then on.
pub async fn sweep(app: &App, lease: &Lease) -> Result<Round> {
    let now = app.clock.now();
    let classes = RULES
        .iter()
        .map(|(class, age)| Work::Forget(*class, now - *age));
    let mut round = Round {
        went_well: true,
        is_finished: true,
    };
    for work in classes.chain([Work::LetGoUnproven, Work::DeleteAccounts]) {
        match do_steps(app, lease, &work).await? {
            Ok(is_finished) => round.is_finished &= is_finished,
            Err(error) => {
                tracing::warn!(%error, ?work, "could not forget all that ran out");
                round.went_well = false;
            }
        }
    }
    if let Err(error) = forget_full_limits(app, lease).await? {
        tracing::warn!(%error, "could not forget all limits that are full again");
        round.went_well = false;
    }
    Ok(round)
}

/// Does step after step until none is left or it was enough for this round; says whether none is
/// left.
///
/// # Errors
/// When the lease is lost; within, what went wrong with the work.
async fn do_steps(app: &App, lease: &Lease, work: &Work) -> Result<Result<bool>> {
    let steps = match work {
        // They are only marked: deleting them is the work.
        Work::LetGoUnproven => 1,
        _ => STEPS,
    };
    for _ in 0..steps {
        lease.renew(app).await?;
        match step(app, work).await {
            Ok(true) => {}
            outcome => return Ok(outcome.map(|has_more| !has_more)),
        }
    }
    Ok(Ok(false))
}

/// A short step; says whether there may be more.
async fn step(app: &App, work: &Work) -> Result<bool> {
    match work {
        Work::Forget(class, until) => forget(app, *class, *until).await,
        Work::LetGoUnproven => accounts::let_go_unproven(app, UNPROVEN_KEPT).await,
        Work::DeleteAccounts => deletion::step(app).await,
    }
}

/// One batch of a class. The connection is given back after each: people come first.
async fn forget(app: &App, class: Class, until: OffsetDateTime) -> Result<bool> {
    let gone = retention::forget(&app.db.get().await?, class, until).await?;
    tracing::debug!(gone, ?class, "forgot what ran out");
    Ok(gone == BATCH)
}

/// Walks the table of limits from its beginning to its end, piece by piece.
///
/// # Errors
/// As [`do_steps`].
async fn forget_full_limits(app: &App, lease: &Lease) -> Result<Result<()>> {
    let now = app.clock.now();
    let mut after = Some(Vec::new());
    while let Some(key) = after {
        lease.renew(app).await?;
        let piece = async { rate_limits::delete_full(&app.db.get().await?, &key, now).await };
        match piece.await {
            Ok(last) => after = last,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}
