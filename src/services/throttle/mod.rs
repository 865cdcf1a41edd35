//! How often something may be done: limits that all replicas share, in PostgreSQL.
//!
//! Asked before any look-up and before any hashing, by what was typed: an account that exists and
//! one that does not are limited alike. When the database does not answer, nor does the service
//! (503): a limit that opens when it is pressed hard is none.

mod account_queue;
mod action;
mod allowance;
mod buckets;
mod carried;
mod guess;
mod known;
mod tries;

pub use action::{Action, Guess};
pub(super) use carried::take_renewal;
pub(super) use guess::{Attempt, guess};
pub(super) use known::only_here;
pub use known::{DEVICE_KNOWN_FOR, new_device};

use super::retry::on_contention;
use crate::{
    App, Error, Result, caller,
    database::GenericClient,
    domain::{
        email,
        limit::{RULES, Rule},
    },
    storage::rate_limits::{self, Bucket},
};
use account_queue::AccountQueue;
use allowance::Allowance;
use buckets::bucket;
use std::time::Duration as Wait;

/// Starts counting refusals of every action at zero, so that the first one is seen to raise the count.
pub fn count_from_zero() {
    for row in RULES {
        count_refusals(row.rule, 0);
    }
}

fn count_refusals(rule: Rule, more: u64) {
    if let Some(action) = rule.row().counted_as {
        metrics::counter!("rate_limited_total", "action" => action).increment(more);
    }
}

/// What the limits keep in the memory of a process: never how much is used up.
#[derive(Default)]
pub struct Throttle {
    refreshes: Allowance,
    follows: Allowance,
    /// To try a password, among those who try at the same account.
    turns: AccountQueue,
    /// To ask whether one may, among those of the same wide network: a flood that is refused keeps no
    /// more than a few connections to the database busy.
    looks: AccountQueue,
}

/// Counts one more of this, or says when to come back.
///
/// # Errors
/// `RateLimited`
pub async fn check(app: &App, action: Action<'_>) -> Result<()> {
    if !is_limited(app) {
        return Ok(());
    }
    let buckets = action.buckets(app);
    let allowance = match action {
        Action::Refresh => Some(&app.throttle.refreshes),
        Action::Follow(_) => Some(&app.throttle.follows),
        _ => None,
    };
    if let (Some(allowance), [bucket]) = (allowance, &buckets[..])
        && passes(app, allowance, bucket).await?
    {
        return Ok(());
    }
    match take(app, &buckets).await? {
        None => Ok(()),
        Some(retry_after) => Err(refusal(action.rules()[0], retry_after)),
    }
}

/// Counts one more of this in a transaction of the caller's, whose other work is undone with it.
///
/// # Errors
/// `RateLimited`
pub(super) async fn check_in(db: &impl GenericClient, app: &App, action: Action<'_>) -> Result<()> {
    if !is_limited(app) {
        return Ok(());
    }
    match rate_limits::take(db, &action.buckets(app), app.clock.now()).await? {
        None => Ok(()),
        Some(retry_after) => Err(refusal(action.rules()[0], retry_after)),
    }
}

/// Whether one more passes for now. Often done and not worth guessing: who does little of it costs
/// the database nothing, and who does much of it not a question each.
async fn passes(app: &App, allowance: &Allowance, bucket: &Bucket) -> Result<bool> {
    let now = app.clock.now();
    match allowance.asks_for(bucket, now) {
        0 => Ok(true),
        1 => Ok(false),
        ration => {
            let limit = bucket.limit.in_rations_of(ration);
            let of_rations = Bucket {
                limit,
                ..bucket.clone()
            };
            let given = take(app, &[of_rations]).await?.is_none();
            if !given {
                allowance.ask_for_each(bucket, now);
            }
            Ok(given)
        }
    }
}

/// Like [`check`], for what is quietly left undone beyond the limit.
///
/// # Errors
/// None but those of the service.
pub async fn admits(app: &App, action: Action<'_>) -> Result<bool> {
    match check(app, action).await {
        Err(Error::RateLimited { .. }) => Ok(false),
        checked => checked.map(|()| true),
    }
}

/// Work that no request asked for has no limits.
fn is_limited(app: &App) -> bool {
    app.config.rate_limits && caller::trace_id().is_some()
}

/// Takes one try from each, or says how long none can be taken.
async fn take(app: &App, buckets: &[Bucket]) -> Result<Option<Wait>> {
    let db = app.db.get().await?;
    let now = app.clock.now();
    on_contention(|| rate_limits::take(&db, buckets, now)).await
}

fn refusal(rule: Rule, retry_after: Wait) -> Error {
    count_refusals(rule, 1);
    Error::RateLimited { retry_after }
}

/// Forgets what was tried at the password of an account: its owner set another one, with a link that
/// only the mailbox got. Of single networks it is that of the request being served that is forgiven.
///
/// # Errors
/// None but those of the service.
pub(super) async fn forgive(db: &impl GenericClient, app: &App, email: &str) -> Result<()> {
    let email = email::folded(email);
    let forgiven = [
        bucket(app, Rule::LogInAccount, &email),
        bucket(app, Rule::LogInPair, &email),
        bucket(app, Rule::PasswordAccount, &email),
        known::bucket(app, known::network(app, &email)),
    ];
    rate_limits::forget(db, &forgiven).await
}
