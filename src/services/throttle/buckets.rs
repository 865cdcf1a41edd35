//! The bucket of a rule, by the key that the table of limits names.

use crate::{
    App, caller,
    domain::{
        limit::{KeyedBy, Rule},
        network,
    },
    storage::rate_limits::Bucket,
};

/// The bucket of this rule for this account, session or address; for a rule of networks, and with others
/// that have a network in their key, for the network of the client.
pub(super) fn bucket(app: &App, rule: Rule, whose: &str) -> Bucket {
    let row = rule.row();
    let network = client_network();
    let key = match row.keyed_by {
        KeyedBy::Network => vec![row.name, &network],
        KeyedBy::AccountAndNetwork => vec![row.name, whose, &network],
        _ => vec![row.name, whose],
    };
    let key: Vec<_> = key.iter().map(|part| part.as_bytes()).collect();
    Bucket {
        key: app.keys.secrets().digest(&key),
        limit: app.config.limits.of(rule),
    }
}

/// The network of the client; those whose address is not known share one.
pub(super) fn client_network() -> String {
    let address = caller::current().address;
    address.map(network::of_one_client).unwrap_or_default()
}
