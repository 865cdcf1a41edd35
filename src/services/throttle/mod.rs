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
    /// Guessing at the password of an account: see [`guess`].
    LogIn(&'a str),
    /// Entering the password again, or the old one to change it, in this session of this account:
    /// see [`guess`].
    ConfirmPassword(Uuid, Uuid),
    /// Asking for the change to another e-mail address.
    ChangeEmail(Uuid, &'a str),
    /// Asking for another username.
    ChangeUsername(Uuid),
}

impl Action<'_> {
    /// Its name in the metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Resend(_) => "resend",
            Self::ForgotPassword(_) => "forgot_password",
            Self::SendReset(_) => "send_reset",
            Self::ResetPassword => "reset_password",
            Self::Refresh => "refresh",
            Self::Follow(_) => "follow",
            Self::LogIn(_) => "log_in",
            Self::ConfirmPassword(..) => "confirm_password",
            Self::ChangeEmail(..) => "change_email",
            Self::ChangeUsername(_) => "change_username",
        }
    }
}

/// Starts counting refusals of every action at zero, so that the first one is seen to raise the count.
pub fn count_from_zero() {
    for action in [
        Action::Register,
        Action::Resend(""),
        Action::ForgotPassword(""),
        Action::SendReset(""),
        Action::ResetPassword,
        Action::Refresh,
        Action::Follow(Uuid::nil()),
        Action::LogIn(""),
        Action::ConfirmPassword(Uuid::nil(), Uuid::nil()),
        Action::ChangeEmail(Uuid::nil(), ""),
        Action::ChangeUsername(Uuid::nil()),
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
    let buckets = buckets(app, action);
    let sieve = match action {
        Action::Refresh => Some(&app.throttle.refreshes),
        Action::Follow(_) => Some(&app.throttle.follows),
        _ => None,
    };
    // Often done and not worth guessing: who does little of it costs the database nothing.
    if sieve.is_some_and(|sieve| buckets.iter().all(|one| sieve.passes(one, app.clock.now()))) {
        return Ok(());
    }
    match take(app, &buckets).await? {
        None => Ok(()),
        Some(retry_after) => Err(refusal(action, retry_after)),
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

/// Does `work`, which holds a password against an account's. What is limited are wrong ones: a
/// try is taken before the work and given back unless that ends in `InvalidCredentials`,
/// `Validation` or a failure, so that no number of parallel guesses gets past the limit and who knows the
/// password hardly meets one. Tries at one account wait for their turn, a few at a time;
/// who would be refused anyhow gets none.
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
    let tries = tries(app, action).await?;
    refuse_if_empty(app, action, &tries).await?;
    app.throttle
        .turns
        .with(tries.turn(), async {
            let buckets = take_either(app, action, &tries).await?;
            let outcome = work.await;
            if is_no_guess(&outcome) {
                let db = app.db.get().await?;
                let now = app.clock.now();
                on_contention(|| rate_limits::give_back(&db, buckets, now)).await?;
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

/// What a guess is taken from: its own bucket, and when that is empty or there is none, those that
/// it shares with strangers. So to be known never means fewer tries.
struct Tries {
    own: Option<Bucket>,
    shared: Vec<Bucket>,
}

impl Tries {
    fn own(&self) -> &[Bucket] {
        self.own.as_slice()
    }

    /// With whom it waits for a turn: a crowd of strangers does not keep known ones waiting.
    fn turn(&self) -> &Key {
        let first = self.own().first().or(self.shared.first());
        first.map_or(&[0; 32], |bucket| &bucket.key)
    }
}

/// Looks without taking: a flood of guesses is refused here, at once.
async fn refuse_if_empty(app: &App, action: Action<'_>, tries: &Tries) -> Result<()> {
    let asked = [tries.own(), &tries.shared].concat();
    let db = app.db.get().await?;
    let empty = rate_limits::empty(&db, &asked, app.clock.now()).await?;
    let wait = |buckets: &[Bucket]| {
        let of_these = |key: &Vec<u8>| buckets.iter().any(|bucket| bucket.key[..] == key[..]);
        let waits = empty.iter().filter(|(key, _)| of_these(key));
        waits.map(|(_, wait)| *wait).reduce(f64::max)
    };
    match (wait(tries.own()), wait(&tries.shared)) {
        (Some(own), Some(shared)) => {
            Err(refusal(action, rate_limits::whole_seconds(own.min(shared))))
        }
        (None, Some(shared)) if tries.own.is_none() => {
            Err(refusal(action, rate_limits::whole_seconds(shared)))
        }
        _ => Ok(()),
    }
}

/// Takes a try, and says from which buckets.
async fn take_either<'t>(app: &App, action: Action<'_>, tries: &'t Tries) -> Result<&'t [Bucket]> {
    let mut waits = None;
    if tries.own.is_some() {
        waits = take(app, tries.own()).await?;
        if waits.is_none() {
            return Ok(tries.own());
        }
    }
    match take(app, &tries.shared).await? {
        None => Ok(&tries.shared),
        Some(shared) => Err(refusal(action, waits.map_or(shared, |own| own.min(shared)))),
    }
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
        Action::ConfirmPassword(user_id, session_id) => vec![
            named(Rule::ConfirmSession, &[&session_id.to_string()]),
            named(Rule::ConfirmAccount, &[&user_id.to_string()]),
        ],
        Action::ChangeEmail(user_id, email) => vec![
            named(Rule::ChangeEmailAccount, &[&user_id.to_string()]),
            named(Rule::ChangeEmailTo, &[&email::folded(email)]),
        ],
        Action::ChangeUsername(user_id) => {
            vec![named(Rule::ChangeUsernameAccount, &[&user_id.to_string()])]
        }
        Action::LogIn(email) => {
            let (email, address) = (email::folded(email), address());
            vec![
                named(Rule::LogInAccount, &[&email]),
                named(Rule::LogInPair, &[&email, &address]),
                named(Rule::LogInAddress, &[&address]),
            ]
        }
    }
}

/// A known browser has a bucket of its own that no stranger can empty; a known network likewise.
/// Neither needs room in what its address may guess: others in a school could use that up. The
/// question is asked for every address typed, so that its time says nothing.
async fn tries(app: &App, action: Action<'_>) -> Result<Tries> {
    let shared = buckets(app, action);
    let Action::LogIn(email) = action else {
        return Ok(Tries { own: None, shared });
    };
    let place = Place::current(app, email);
    let asked: Vec<Key> = place.device.into_iter().chain([place.network]).collect();
    let db = app.db.get().await?;
    let known = known_devices::known(&db, &asked, app.clock.now()).await?;
    // The browser comes first.
    let own = asked
        .into_iter()
        .find(|key| known.iter().any(|known| known == key));
    let limit = app.config.limits.of(Rule::LogInKnown);
    let own = own.map(|key| Bucket { key, limit });
    Ok(Tries { own, shared })
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

/// The network of the client; those whose address is not known share one.
fn client_network() -> String {
    let address = caller::current().address;
    address.map(network::of_one_client).unwrap_or_default()
}
