//! Addresses of clients, as far as they are kept: which network somebody is in.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::IpAddr;

/// The network that is one client to the limits: an IPv4 address, or the /64 of an IPv6 address,
/// since whoever has one address there has them all (RFC 6177).
#[must_use]
pub fn of_one_client(address: IpAddr) -> String {
    network(address, 32, 64)
}

/// Roughly where somebody is: enough to recognise one's own, too little to find a person. The
/// first 24 bits of an IPv4 address, 48 of an IPv6 address.
#[must_use]
pub fn coarse(address: IpAddr) -> String {
    network(address, 24, 48)
}

fn network(address: IpAddr, bits_v4: u8, bits_v6: u8) -> String {
    let network = match address.to_canonical() {
        IpAddr::V4(v4) => Ipv4Net::new(v4, bits_v4).map(IpNet::V4),
        IpAddr::V6(v6) => Ipv6Net::new(v6, bits_v6).map(IpNet::V6),
    };
    network.map_or_else(
        |_| address.to_string(),
        |network| match network.trunc() {
            whole if whole.prefix_len() == whole.max_prefix_len() => whole.addr().to_string(),
            part => part.to_string(),
        },
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_as_wide_as_their_use() {
        for (address, client, rough) in [
            ("203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
            (
                "2001:db8:1:2:3:4:5:6",
                "2001:db8:1:2::/64",
                "2001:db8:1::/48",
            ),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(of_one_client(address), client);
            assert_eq!(coarse(address), rough);
        }
    }
}
