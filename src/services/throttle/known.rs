//! Where the owner of an account logs in from: browsers that keep a secret of ours, and networks.

use super::client_network;
use crate::{
    App, Error, Result, caller,
    domain::{Token, email, limit::Rule},
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

/// Where the owner of an account logs in right now, and until when that is remembered: the network,
/// and the browser if it showed a secret of ours. From there the owner can log in whatever
/// strangers do.
pub(in crate::services) fn places(app: &App, email: &str) -> Vec<(Key, OffsetDateTime)> {
    let (place, now) = (Place::current(app, email), app.clock.now());
    let device = place.device.map(|device| (device, now + DEVICE_KNOWN_FOR));
    let network = (place.network, now + NETWORK_KNOWN_FOR);
    device.into_iter().chain([network]).collect()
}

/// The buckets of the places that this log-in comes from, which are its own where they are known to
/// the account, the browser's first.
pub(super) fn buckets(app: &App, email: &str) -> Vec<Bucket> {
    let limit = app.config.limits.of(Rule::LogInKnown);
    let places = places(app, email).into_iter();
    places.map(|(key, _)| Bucket { key, limit }).collect()
}

/// A secret for a browser that has none and whose user has just logged in: it is known to the
/// account from now on.
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
            network: app.keys.secrets().digest(&network.map(str::as_bytes)),
            device: device.map(|hash| device_key(app, email, &hash)),
        }
    }
}

fn device_key(app: &App, email: &str, hash: &Key) -> Key {
    let email = email::folded(email);
    app.keys
        .secrets()
        .digest(&[b"device", email.as_bytes(), hash])
}
