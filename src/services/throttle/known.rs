//! Where the owner of an account logs in from: browsers that keep a secret of ours, and networks.

use super::client_network;
use crate::{
    App, Error, Result, caller,
    domain::{Token, email},
    storage::{known_devices, rate_limits::Key},
};
use time::Duration;
use uuid::Uuid;

/// How long a browser is known to an account after it was last used to log in.
pub const DEVICE_KNOWN_FOR: Duration = Duration::days(365);
/// How long a network is.
const NETWORK_KNOWN_FOR: Duration = Duration::days(30);

/// Remembers where the owner of an account has just logged in: the network, and the browser if
/// it showed a secret of ours. From there the owner can log in whatever strangers do.
pub(in crate::services) async fn remember(app: &App, user_id: Uuid, email: &str) -> Result<()> {
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

/// Which of the places that this log-in comes from are known to the account, the browser first. The
/// question is asked for every address typed, so that its time says nothing.
pub(super) async fn place(app: &App, email: &str) -> Result<Option<Key>> {
    let place = Place::current(app, email);
    let asked: Vec<Key> = place.device.into_iter().chain([place.network]).collect();
    let db = app.db.get().await?;
    let known = known_devices::known(&db, &asked, app.clock.now()).await?;
    Ok(asked
        .into_iter()
        .find(|key| known.iter().any(|known| known == key)))
}
