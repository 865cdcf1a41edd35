//! Who is believed when a request says where it comes from.

use super::{Finding, Findings};
use crate::Config;
use ipnet::IpNet;
use tokio_postgres::Client;

/// A network that a proxy's own addresses may fill: wider ones are the internet.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 32;
/// How many sessions are looked at, and how few tell nothing.
const SESSIONS: i64 = 100;
const TOO_FEW: i64 = 20;
/// The networks of the sessions used last, by the index that there is for retention.
const NETWORKS: &str = "select address, count(*) from (
        select address from users.sessions where ended_at is null
        order by last_seen_at desc limit $1
    ) as latest group by address order by count(*) desc";

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let proxies = &config.trusted_proxies;
    let mut found = Vec::new();
    for range in proxies.iter().filter(|range| is_too_wide(range)) {
        found.push(Finding::wrong(
            format!(
                "TRUSTED_PROXIES has {range}: anybody in there can claim any address, and so pass \
                 every limit"
            ),
            "name the addresses of your proxies alone",
        ));
    }
    if proxies.is_empty() && config.public_url.starts_with("https://") {
        found.push(Finding::wrong(
            "PUBLIC_URL is https, so a proxy stands in front, but TRUSTED_PROXIES is empty: everybody has the \
             proxy's address and shares its limits",
            "name the proxy's addresses in TRUSTED_PROXIES",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(match proxies.len() {
            0 => "none is trusted and none is expected: PUBLIC_URL is plain http".to_owned(),
            1 => format!("{} is trusted", proxies[0]),
            many => format!("{many} ranges are trusted, none too wide"),
        }));
    }
    found
}

fn is_too_wide(range: &IpNet) -> bool {
    match range {
        IpNet::V4(range) => range.prefix_len() < WIDEST_V4,
        IpNet::V6(range) => range.prefix_len() < WIDEST_V6,
    }
}

/// What came of it: when everybody seems to come from one private network, that is a proxy's.
pub(super) async fn check_sessions(config: &Config, db: &Client) -> Findings {
    let rows = db.query(NETWORKS, &[&SESSIONS]).await?;
    let networks: Vec<(Option<String>, i64)> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let [(Some(network), sessions)] = &networks[..] else {
        return Ok(Vec::new());
    };
    if *sessions < TOO_FEW || !is_private(network) || config.is_development() {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::warn(
        format!("the last {sessions} sessions in use all came from {network}: is that a proxy?"),
        "then have it send X-Forwarded-For, and name its addresses in TRUSTED_PROXIES",
    )])
}

/// RFC 1918, RFC 4193, loopback: where proxies live, and people do not.
fn is_private(network: &str) -> bool {
    match network.parse().map(|network: IpNet| network.addr()) {
        Ok(std::net::IpAddr::V4(address)) => address.is_private() || address.is_loopback(),
        Ok(std::net::IpAddr::V6(address)) => {
            address.is_unique_local() || address.is_loopback() || address.is_unspecified()
        }
        Err(_) => false,
    }
}
