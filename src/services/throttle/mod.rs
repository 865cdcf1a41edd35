//! How often something may be done: limits that all replicas share, in PostgreSQL.
//!
//! Asked before any look-up and before any hashing, by what was typed: an account that exists and
//! one that does not are limited alike. When the database does not answer, nor does the service
//! (503): a limit that opens when it is pressed hard is none.

mod account_queue;
mod allowance;
mod carried;
mod guess;
mod known;
mod tries;

pub(super) use carried::take_renewal;
pub use guess::Guess;
pub(super) use guess::{Attempt, guess};
pub(super) use known::only_here;
pub use known::{DEVICE_KNOWN_FOR, new_device};

use super::retry::on_contention;
use crate::{
    App, Error, Result, caller,
    database::GenericClient,
    domain::{email, limit::Rule, network},
    storage::rate_limits::{self, Bucket},
};
use account_queue::AccountQueue;
use allowance::Allowance;
use std::time::Duration as Wait;
use tries::Taken;
use uuid::Uuid;

/// What is limited, and whose: an account by its address as it was typed, or by its id.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// Making an account, or correcting its address: from one network.
    Register,
    /// Writing to a mailbox that never proved that it wants to hear from us.
    UnprovenMail(&'a str),
    /// Asking for the link that proves an address once more.
    Resend(&'a str),
    /// Asking for a link to set a new password, from one network.
    ForgotPassword(&'a str),
    /// Sending such a link, whoever asked for it.
    SendReset(&'a str),
    /// Setting a new password with such a link.
    ResetPassword,
    /// Renewing a session.
    Refresh,
    /// Following somebody.
    Follow(Uuid),
    /// Trying a password: see [`guess()`].
    Guess(Guess<'a>),
    /// Asking for the change to another e-mail address.
    ChangeEmail(Uuid, &'a str),
    /// Asking for another username.
    ChangeUsername(Uuid),
    /// Uploading a picture.
    Upload(Uuid),
}

impl Action<'_> {
    /// Its name in the metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::UnprovenMail(_) => "unproven_mail",
            Self::Resend(_) => "resend",
            Self::ForgotPassword(_) => "forgot_password",
            Self::SendReset(_) => "send_reset",
            Self::ResetPassword => "reset_password",
            Self::Refresh => "refresh",
            Self::Follow(_) => "follow",
            Self::Guess(Guess::LogIn(_)) => "log_in",
            Self::Guess(Guess::ConfirmPassword(..)) => "confirm_password",
            Self::ChangeEmail(..) => "change_email",
            Self::ChangeUsername(_) => "change_username",
            Self::Upload(_) => "upload",
        }
    }
}

/// Starts counting refusals of every action at zero, so that the first one is seen to raise the count.
pub fn count_from_zero() {
    for action in [
        Action::Register,
        Action::UnprovenMail(""),
        Action::Resend(""),
        Action::ForgotPassword(""),
        Action::SendReset(""),
        Action::ResetPassword,
        Action::Refresh,
        Action::Follow(Uuid::nil()),
        Action::Guess(Guess::LogIn("")),
        Action::Guess(Guess::ConfirmPassword(Uuid::nil(), Uuid::nil())),
        Action::ChangeEmail(Uuid::nil(), ""),
        Action::ChangeUsername(Uuid::nil()),
        Action::Upload(Uuid::nil()),
    ] {
        refusals(action).increment(0);
    }
}

fn refusals(action: Action<'_>) -> metrics::Counter {
    metrics::counter!("rate_limited_total", "action" => action.name())
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
    let buckets = buckets(app, action);
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
        Some(retry_after) => Err(refusal(action, retry_after)),
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
    match rate_limits::take(db, &buckets(app, action), app.clock.now()).await? {
        None => Ok(()),
        Some(retry_after) => Err(refusal(action, retry_after)),
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

fn refusal(action: Action<'_>, retry_after: Wait) -> Error {
    refusals(action).increment(1);
    Error::RateLimited { retry_after }
}

/// What this is counted in.
fn buckets(app: &App, action: Action<'_>) -> Vec<Bucket> {
    let address = client_network;
    let named = |rule: Rule, of: &[&str]| bucket(app, rule, of);
    match action {
        Action::Register => vec![named(Rule::RegisterAddress, &[&address()])],
        Action::UnprovenMail(email) => {
            vec![named(Rule::UnprovenMailbox, &[&email::mailbox(email)])]
        }
        Action::Resend(email) => {
            let (email, address) = (email::folded(email), address());
            vec![
                named(Rule::ResendAccount, &[&email]),
                named(Rule::ResendPair, &[&email, &address]),
                named(Rule::ResendAddress, &[&address]),
            ]
        }
        Action::ForgotPassword(email) => {
            let (email, address) = (email::folded(email), address());
            vec![
                named(Rule::ForgotPair, &[&email, &address]),
                named(Rule::ForgotAddress, &[&address]),
            ]
        }
        Action::SendReset(email) => vec![named(Rule::ForgotAccount, &[&email::folded(email)])],
        Action::ResetPassword => vec![named(Rule::ResetAddress, &[&address()])],
        Action::Refresh => vec![named(Rule::RefreshAddress, &[&address()])],
        Action::Follow(follower) => vec![named(Rule::FollowAccount, &[&follower.to_string()])],
        Action::Guess(guess) => Taken::shared(app, guess).all(),
        Action::ChangeEmail(user_id, email) => vec![
            named(Rule::ChangeEmailAccount, &[&user_id.to_string()]),
            named(Rule::ChangeEmailTo, &[&email::folded(email)]),
        ],
        Action::ChangeUsername(user_id) => {
            vec![named(Rule::ChangeUsernameAccount, &[&user_id.to_string()])]
        }
        Action::Upload(user_id) => vec![named(Rule::UploadAccount, &[&user_id.to_string()])],
    }
}

/// Forgets what was tried at the password of an account: its owner set another one, with a link that
/// only the mailbox got. Of single networks it is that of the request being served that is forgiven.
///
/// # Errors
/// None but those of the service.
pub(super) async fn forgive(db: &impl GenericClient, app: &App, email: &str) -> Result<()> {
    let (email, address) = (email::folded(email), client_network());
    let forgiven = [
        bucket(app, Rule::LogInAccount, &[&email]),
        bucket(app, Rule::LogInPair, &[&email, &address]),
        bucket(app, Rule::PasswordAccount, &[&email]),
        known::bucket(app, known::network(app, &email)),
    ];
    rate_limits::forget(db, &forgiven).await
}

fn bucket(app: &App, rule: Rule, of: &[&str]) -> Bucket {
    let parts: Vec<&[u8]> = [rule.name()]
        .iter()
        .chain(of)
        .map(|part| part.as_bytes())
        .collect();
    Bucket {
        key: app.keys.secrets().digest(&parts),
        limit: app.config.limits.of(rule),
    }
}

/// The network of the client; those whose address is not known share one.
fn client_network() -> String {
    let address = caller::current().address;
    address.map(network::of_one_client).unwrap_or_default()
}
