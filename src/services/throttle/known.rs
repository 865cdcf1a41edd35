//! Where the owner of an account logs in from: browsers that keep a secret of ours, and networks.

use super::buckets::client_network;
use crate::{
    App, Error, Result, caller,
    database::GenericClient,
    domain::{Token, email, limit::Rule, token::TokenHash},
    storage::{
        known_devices,
        rate_limits::{Bucket, Key},
    },
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long a browser is known to an account after it was last used to log in.
pub const DEVICE_KNOWN_FOR: Duration = Duration::days(365);
/// How long a network is.
const NETWORK_KNOWN_FOR: Duration = Duration::days(30);

/// A place, and until when it is remembered.
pub(in crate::services) type Remembered = (Key, OffsetDateTime);

/// The browser that the request being served comes from, as this account knows it, if it showed a
/// secret of ours.
pub(super) fn device(app: &App, email: &str) -> Option<Key> {
    let shown = caller::current().device?;
    Some(device_key(app, email, &shown))
}

/// The network that the request being served comes from, likewise.
pub(super) fn network(app: &App, email: &str) -> Key {
    let email = email::folded(email);
    let network = ["network", &email, &client_network()];
    app.keys.secrets().digest(&network.map(str::as_bytes))
}

/// What this place may guess at the account by itself, where it is known to it.
pub(super) fn bucket(app: &App, key: Key) -> Bucket {
    let limit = app.config.limits.of(Rule::LogInKnown);
    Bucket { key, limit }
}

/// Where the owner of an account logs in right now: from there the owner can log in whatever strangers
/// do. A browser whose secret the account does not know yet is not among them: another account's
/// owner may have it, and a copy of it. It gets a new one, see [`new_device`].
pub(super) fn places(app: &App, email: &str, device: Option<Key>) -> Vec<Remembered> {
    let now = app.clock.now();
    let device = device.map(|device| (device, now + DEVICE_KNOWN_FOR));
    let network = (network(app, email), now + NETWORK_KNOWN_FOR);
    device.into_iter().chain([network]).collect()
}

/// A secret for a browser whose user has just logged in: it is known to the account from now on.
pub async fn new_device(app: &App, user_id: Uuid, email: &str) -> Result<Token> {
    let token = Token::random().map_err(Error::internal)?;
    let key = device_key(app, email, &token.hash());
    let db = app.db.get().await?;
    let now = app.clock.now();
    let until = now + DEVICE_KNOWN_FOR;
    match known_devices::remember(&db, user_id, &key, until, now).await {
        Ok(()) => Ok(token),
        // The account was deleted in this very moment: nothing is to be known.
        Err(error) => {
            match error.on_constraint("known_devices_user_id_fkey", Error::UserNotFound) {
                Error::UserNotFound => Ok(token),
                error => Err(error),
            }
        }
    }
}

/// A new password was set: whoever knew the old one may have made a browser or network known, so all
/// are forgotten but the network of the request being served, and the browser that gets this new secret.
/// The account's row must be locked.
pub(in crate::services) async fn only_here(
    db: &impl GenericClient,
    app: &App,
    user_id: Uuid,
    email: &str,
    new_device: Option<&TokenHash>,
) -> Result<()> {
    known_devices::forget_all(db, user_id).await?;
    let now = app.clock.now();
    let device = new_device.map(|hash| device_key(app, email, hash));
    for (key, until) in places(app, email, device) {
        known_devices::remember(db, user_id, &key, until, now).await?;
    }
    Ok(())
}

fn device_key(app: &App, email: &str, hash: &Key) -> Key {
    let email = email::folded(email);
    app.keys
        .secrets()
        .digest(&[b"device", email.as_bytes(), hash])
}
