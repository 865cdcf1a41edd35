//! Addresses in the text of a variable: sockets, networks, hosts, URLs.

use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// How many bits of an IPv6 address come before an IPv4 address that is mapped into it.
const MAPPED_PREFIX: u8 = 96;

pub(super) fn socket_addr(text: &str) -> Result<SocketAddr, String> {
    SocketAddr::from_str(text)
        .map_err(|_| "must be an address and a port, such as 127.0.0.1:8080".to_owned())
}

/// An http(s) origin: scheme, host and port alone. Comes back without a slash at its end.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let wrong =
        || format!("`{text}` must be an origin such as https://example.org, without a path");
    let url = web_url(text).ok_or_else(wrong)?;
    let bare = url.host_str().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if bare {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(wrong())
    }
}

/// Where another service is: http(s), with a path at most.
pub(super) fn base_url(text: &str) -> Result<reqwest::Url, String> {
    // Never repeated: somebody may have put a password into it.
    let wrong = || "must be an address such as http://posts:8080, without a query".to_owned();
    let url = web_url(text).ok_or_else(wrong)?;
    let plain = !text.contains('@') && url.query().is_none() && url.fragment().is_none();
    plain.then_some(url).ok_or_else(wrong)
}

/// An http(s) address as it was typed: the parser would pass over line breaks and tabs, and take
/// `http:./ana:password` for a host and a path.
fn web_url(text: &str) -> Option<reqwest::Url> {
    let (scheme, _) = text.split_once("://")?;
    let is_web = ["http", "https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    let is_plain = !text.contains(|c: char| c.is_control() || c.is_whitespace());
    reqwest::Url::parse(text)
        .ok()
        .filter(|_| is_web && is_plain)
}

/// A host name, with a port at most: it goes into the Content-Security-Policy.
pub(super) fn host(text: &str) -> Result<String, String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-.:*".contains(&b));
    if plain && text.bytes().any(|b| b.is_ascii_alphanumeric()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("`{text}` is no host name"))
    }
}

/// A range of addresses, or one address. Of IPv4 also as IPv6 writes it (`::ffff:10.0.0.0/104`): clients
/// are compared as IPv4.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("`{text}` is no address range such as 10.0.0.0/8");
    let range = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| wrong())?;
    let mapped = range.prefix_len().checked_sub(MAPPED_PREFIX);
    match (range.addr().to_canonical(), mapped) {
        (IpAddr::V4(address), Some(prefix)) => {
            IpNet::new(address.into(), prefix).map_err(|_| wrong())
        }
        _ => Ok(range),
    }
}
