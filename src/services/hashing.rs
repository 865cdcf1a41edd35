//! Passwords are hashed within the time that a request may wait in all.

use crate::{
    App, Result,
    crypto::passwords::{Standing, Verdict},
    database::time_budget,
    domain::Password,
};
use std::time::Duration;

/// How long anybody waits for a hash: what has waited longer begins nothing more that the hash could be
/// for.
const WAIT: Duration = Duration::from_secs(7);

/// A hash of this password, to be stored.
///
/// # Errors
/// `Unavailable` when it was not made in time, or too many wait.
pub(super) async fn hash(app: &App, standing: Standing, password: &Password) -> Result<String> {
    time_budget::wait(WAIT, app.passwords.hash(standing, password)).await?
}

/// A new hash of a password that was verified, when its stored hash is outdated.
///
/// # Errors
/// As of [`hash`].
pub(super) async fn rehash(app: &App, standing: Standing, typed: &str) -> Result<String> {
    time_budget::wait(WAIT, app.passwords.rehash(standing, typed)).await?
}

/// Holds a password as typed against a stored hash; see `PasswordPool::verify`.
///
/// # Errors
/// As of [`hash`].
pub(super) async fn verify(
    app: &App,
    standing: Standing,
    typed: &str,
    stored: Option<&str>,
) -> Result<Verdict> {
    time_budget::wait(WAIT, app.passwords.verify(standing, typed, stored)).await?
}
