//! How often something may be done: limits that all replicas share, in PostgreSQL.
//!
//! Asked before any look-up and before any hashing, by what was typed: an account that exists and
//! one that does not are limited alike. When the database does not answer, nor does the service
//! (503): a limit that opens when it is pressed hard is none.

mod sieve;
mod turns;

use super::retry::on_contention;
use crate::{
    App, Error, Result, caller,
    domain::{Token, email, limit::Rule, network},
    storage::{
        known_devices,
        rate_limits::{self, Bucket, Key},
    },
};
use sieve::Sieve;
use std::time::Duration as Wait;
use time::Duration;
use turns::Turns;
use uuid::Uuid;

/// How long a browser is known to an account after it was last used to log in.
pub const DEVICE_KNOWN_FOR: Duration = Duration::days(365);
/// How long a network is.
const NETWORK_KNOWN_FOR: Duration = Duration::days(30);

/// What is limited, and whose: an account by its address as it was typed, or by its id.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// Making an account.
    Register,
    /// Asking for the link that proves an address once more.
    Resend(&'a str),
    /// Asking for a link to set a new password.
    ForgotPassword(&'a str),
    /// Setting a new password with such a link.
    ResetPassword,
    /// Renewing a session.
    Refresh,
    /// Following somebody.
    Follow(Uuid),
    /// Guessing at the password of an account: see [`guess`].
    LogIn(&'a str),
    /// Entering the password again, or the old one to change it: see [`guess`].
    ConfirmPassword(Uuid),
}

impl Action<'_> {
    /// Its name in the metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Resend(_) => "resend",
            Self::ForgotPassword(_) => "forgot_password",
            Self::ResetPassword => "reset_password",
            Self::Refresh => "refresh",
            Self::Follow(_) => "follow",
            Self::LogIn(_) => "log_in",
            Self::ConfirmPassword(_) => "confirm_password",
        }
    }
}

/// Starts counting refusals of every action at zero, so that the first one is seen to raise the count.
pub fn count_from_zero() {
    for action in [
        Action::Register,
        Action::Resend(""),
        Action::ForgotPassword(""),
        Action::ResetPassword,
        Action::Refresh,
        Action::Follow(Uuid::nil()),
        Action::LogIn(""),
        Action::ConfirmPassword(Uuid::nil()),
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
    refreshes: Sieve,
    follows: Sieve,
    turns: Turns,
}

/// Counts one more of this, or says when to come back.
///
/// # Errors
/// `RateLimited`
pub async fn check(app: &App, action: Action<'_>) -> Result<()> {
    if !is_limited(app) {
        return Ok(());
    }
    let buckets = buckets(app, action).await?;
    let sieve = match action {
        Action::Refresh => Some(&app.throttle.refreshes),
        Action::Follow(_) => Some(&app.throttle.follows),
        _ => None,
    };
    // Often done and not worth guessing: who does little of it costs the database nothing.
    if sieve.is_some_and(|sieve| buckets.iter().all(|one| sieve.passes(one, app.clock.now()))) {
        return Ok(());
    }
    take(app, action, &buckets).await
}

/// Does `work`, which holds a password against an account's. What is limited are wrong ones: a
/// try is taken before the work and given back unless that ends in `InvalidCredentials`,
/// `Validation` or a failure, so that no number of parallel guesses gets past the limit and who knows the
/// password hardly meets one. Tries at one account wait for their turn, a few at a time.
///
/// # Errors
/// `RateLimited`, and those of the work.
pub async fn guess<T>(
    app: &App,
    action: Action<'_>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    if !is_limited(app) {
        return work.await;
    }
    let account = subject(app, action);
    app.throttle
        .turns
        .with(&account, async {
            let buckets = buckets(app, action).await?;
            take(app, action, &buckets).await?;
            let outcome = work.await;
            if is_no_guess(&outcome) {
                let db = app.db.get().await?;
                let now = app.clock.now();
                on_contention(|| rate_limits::give_back(&db, &buckets, now)).await?;
            }
            outcome
        })
        .await
}

/// Work that no request asked for has no limits.
fn is_limited(app: &App) -> bool {
    app.config.rate_limits && caller::trace_id().is_some()
}

/// Whether a try is given back. After a failure of the service it is not: that would ask a
/// database once more that did not answer.
fn is_no_guess<T>(outcome: &Result<T>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => !matches!(
            error,
            Error::InvalidCredentials
                | Error::Validation(_)
                | Error::Unavailable(_)
                | Error::Internal(_)
        ),
    }
}

/// Remembers where the owner of an account has just logged in: the network, and the browser if
/// it showed a secret of ours. From there the owner can log in whatever strangers do.
pub(super) async fn remember(app: &App, user_id: Uuid, email: &str) -> Result<()> {
    let place = Place::current(app, email);
    remember_until(app, user_id, &place.network, NETWORK_KNOWN_FOR).await?;
    match place.device {
        Some(device) => remember_until(app, user_id, &device, DEVICE_KNOWN_FOR).await,
        None => Ok(()),
    }
}

/// A secret for a browser that has none and whose user has just logged in: it is known to the
/// account from now on.
pub async fn new_device(app: &App, user_id: Uuid, email: &str) -> Result<Token> {
    let token = Token::random().map_err(Error::internal)?;
    let key = device_key(app, email, &token.hash());
    remember_until(app, user_id, &key, DEVICE_KNOWN_FOR).await?;
    Ok(token)
}

async fn remember_until(app: &App, user_id: Uuid, key: &Key, long: Duration) -> Result<()> {
    let db = app.db.get().await?;
    let now = app.clock.now();
    let remembered = known_devices::remember(&db, user_id, key, now + long, now).await;
    // The account was deleted in this very moment: nothing is to be known.
    remembered.or_else(|error| {
        match error.on_constraint("known_devices_user_id_fkey", Error::UserNotFound) {
            Error::UserNotFound => Ok(()),
            error => Err(error),
        }
    })
}

async fn take(app: &App, action: Action<'_>, buckets: &[Bucket]) -> Result<()> {
    let db = app.db.get().await?;
    let now = app.clock.now();
    match on_contention(|| rate_limits::take(&db, buckets, now)).await? {
        None => Ok(()),
        Some(retry_after) => Err(refusal(action, retry_after)),
    }
}

fn refusal(action: Action<'_>, retry_after: Wait) -> Error {
    refusals(action).increment(1);
    Error::RateLimited { retry_after }
}

/// What a try is taken from.
async fn buckets(app: &App, action: Action<'_>) -> Result<Vec<Bucket>> {
    let address = || client_network();
    let named = |rule: Rule, of: &[&str]| bucket(app, rule, of);
    let mail = |email: &str, account: Rule, pair: Rule, from: Rule| {
        let (email, address) = (email::folded(email), address());
        vec![
            named(account, &[&email]),
            named(pair, &[&email, &address]),
            named(from, &[&address]),
        ]
    };
    Ok(match action {
        Action::Register => vec![named(Rule::RegisterAddress, &[&address()])],
        Action::Resend(email) => mail(
            email,
            Rule::ResendAccount,
            Rule::ResendPair,
            Rule::ResendAddress,
        ),
        Action::ForgotPassword(email) => mail(
            email,
            Rule::ForgotAccount,
            Rule::ForgotPair,
            Rule::ForgotAddress,
        ),
        Action::ResetPassword => vec![named(Rule::ResetAddress, &[&address()])],
        Action::Refresh => vec![named(Rule::RefreshAddress, &[&address()])],
        Action::Follow(follower) => vec![named(Rule::FollowAccount, &[&follower.to_string()])],
        Action::ConfirmPassword(user_id) => {
            vec![named(Rule::ConfirmAccount, &[&user_id.to_string()])]
        }
        Action::LogIn(email) => log_in_buckets(app, email).await?,
    })
}

/// A known device has a bucket of its own that no stranger can empty; a known network likewise,
/// but those in it still share what one address may guess. The question is asked for every
/// address typed, so that its time says nothing.
async fn log_in_buckets(app: &App, email: &str) -> Result<Vec<Bucket>> {
    let place = Place::current(app, email);
    let asked: Vec<Key> = place.device.into_iter().chain([place.network]).collect();
    let db = app.db.get().await?;
    let known = known_devices::known(&db, &asked, app.clock.now()).await?;
    let is_known = |key: &Key| known.iter().any(|known| known == key);
    let own = |key: Key| Bucket {
        key,
        limit: app.config.limits.of(Rule::LogInKnown),
    };
    if let Some(device) = place.device.filter(is_known) {
        return Ok(vec![own(device)]);
    }
    let (email, address) = (email::folded(email), client_network());
    let from = bucket(app, Rule::LogInAddress, &[&address]);
    if is_known(&place.network) {
        return Ok(vec![own(place.network), from]);
    }
    Ok(vec![
        bucket(app, Rule::LogInAccount, &[&email]),
        bucket(app, Rule::LogInPair, &[&email, &address]),
        from,
    ])
}

/// Where a log-in comes from, each a hash together with the account's address.
struct Place {
    network: Key,
    device: Option<Key>,
}

impl Place {
    fn current(app: &App, email: &str) -> Self {
        let device = caller::current().device;
        let email_folded = email::folded(email);
        let network = ["network", &email_folded, &client_network()];
        Self {
            network: app.keys.digest(&network.map(str::as_bytes)),
            device: device.map(|hash| device_key(app, email, &hash)),
        }
    }
}

fn device_key(app: &App, email: &str, hash: &Key) -> Key {
    let email = email::folded(email);
    app.keys.digest(&[b"device", email.as_bytes(), hash])
}

fn bucket(app: &App, rule: Rule, of: &[&str]) -> Bucket {
    let parts: Vec<&[u8]> = [rule.name()]
        .iter()
        .chain(of)
        .map(|part| part.as_bytes())
        .collect();
    Bucket {
        key: app.keys.digest(&parts),
        limit: app.config.limits.of(rule),
    }
}

/// Whose password is guessed at.
fn subject(app: &App, action: Action<'_>) -> Key {
    let account = match action {
        Action::LogIn(email) => email::folded(email),
        Action::ConfirmPassword(user_id) => user_id.to_string(),
        _ => String::new(),
    };
    app.keys.digest(&[b"subject", account.as_bytes()])
}

/// The network of the client; those whose address is not known share one.
fn client_network() -> String {
    let address = caller::current().address;
    address.map(network::of_one_client).unwrap_or_default()
}
