//! Where a request came from: `X-Forwarded-For`, as proxies write it.

use ipnet::IpNet;
use poem::{
    Request,
    http::{HeaderMap, HeaderName, header},
};
use std::net::IpAddr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The most proxies that a request is followed back through.
const MOST_PROXIES: usize = 32;

/// The address of the client of whoever connected to us, the `peer`. Behind proxies that are `trusted`,
/// `X-Forwarded-For` is read from the right: each of them appended the address that it saw, and what
/// stands further left than the first stranger is the stranger's own claim.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut nearest = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let mut hops = lines
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        // An empty element of a list is none (RFC 9110 section 5.6.1).
        .filter(|hop| !hop.trim_ascii().is_empty())
        .take(MOST_PROXIES);
    while is_trusted(nearest)
        && let Some(hop) = hops.next().and_then(parse)
    {
        nearest = hop;
    }
    nearest
}

/// Whether a proxy passed the request on, or somebody pretends that one did.
#[must_use]
pub fn is_forwarded(request: &Request) -> bool {
    let headers = request.headers();
    headers.contains_key(FORWARDED_FOR) || headers.contains_key(header::FORWARDED)
}

/// One element of the list: an address, with a port or a zone at most, in brackets or quotes or
/// without. None for what names no address, such as `unknown`.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let text = quoted.unwrap_or(text).trim();
    let (host, port) = match (text.strip_prefix('['), text.find(':')) {
        (Some(rest), _) => rest.split_once(']')?,
        // One colon comes before a port, several are an IPv6 address.
        (None, Some(colon)) if text.rfind(':') == Some(colon) => text.split_at(colon),
        (None, _) => (text, ""),
    };
    let has_good_port = port
        .strip_prefix(':')
        .map_or(port.is_empty(), |port| port.parse::<u16>().is_ok());
    let address = host.split('%').next().unwrap_or_default();
    let address = address.parse::<IpAddr>().ok();
    address
        .filter(|_| has_good_port)
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_proxies_write_is_read() {
        for (text, address) in [
            ("203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7\t", "203.0.113.7"),
            ("203.0.113.7:567", "203.0.113.7"),
            ("\"203.0.113.7:567\"", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("[::1]:443", "::1"),
        ] {
            assert_eq!(parse(text.as_bytes()), address.parse().ok(), "{text}");
        }
    }

    #[test]
    fn what_names_no_address_is_none() {
        for text in [
            "unknown",
            "_hidden",
            "unix:",
            "203.0.113.7:",
            "203.0.113.7:99999",
            "203.0.113.7:x",
            "203.0.113",
            "[203.0.113.7",
            "[2001:db8::1]443",
            "2001:db8::1]:443",
            "\"203.0.113.7",
            "for=203.0.113.7",
            "203.0.113.7 203.0.113.8",
            "\u{661}.1.1.1",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"\xff"), None);
    }
}
