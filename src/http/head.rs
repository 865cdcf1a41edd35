//! What a request's head must be before anybody looks at the request: of bounded size, and for
//! exactly one host.

use super::Scope;
use crate::{Error, Result};
use futures_util::future::{Either, ready};
use poem::{
    Endpoint, Request, Response,
    http::{HeaderMap, HeaderValue, Version, header, uri::Authority},
};
use std::future::Future;

/// The largest head that is served, in bytes. nginx passes on 32 KiB at most.
pub const MAX_HEAD: usize = 40 * 1024;
/// The longest request target (path and query) that is served, in bytes.
pub const MAX_TARGET: usize = 32 * 1024;

/// The layer.
pub struct CheckHead<E>(E);

impl<E> CheckHead<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for CheckHead<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        match check(&request) {
            Ok(()) => Either::Left(self.0.call(request)),
            Err(error) => {
                // Who made such a head may see requests where we see none.
                Scope::of(&request).close_connection();
                Either::Right(ready(Err(error.into())))
            }
        }
    }
}

fn check(request: &Request) -> Result<()> {
    let uri = request.original_uri();
    let target = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        return Err(Error::TargetTooLong);
    }
    if target + size(request.headers()) > MAX_HEAD {
        return Err(Error::HeadTooLarge);
    }
    check_host(request.version(), request.headers())
}

/// The host that a request names, in lower case and without its port.
#[must_use]
pub fn host(request: &Request) -> Option<String> {
    let authority = request.header(header::HOST)?.parse::<Authority>().ok()?;
    Some(authority.host().to_ascii_lowercase())
}

/// How many bytes the lines of the headers take: `name: value` and a line break each.
fn size(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

/// RFC 9112 section 3.2: exactly one valid `Host`. HTTP/1.0 has none, as health checks of balancers
/// come.
fn check_host(version: Version, headers: &HeaderMap) -> Result<()> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host) => Ok(()),
        (None, None) if version == Version::HTTP_10 => Ok(()),
        (Some(_), None) => Err(Error::Malformed("The Host header is not a host name.")),
        (None, _) => Err(Error::Malformed("The Host header is missing.")),
        (Some(_), Some(_)) => Err(Error::Malformed("There is more than one Host header.")),
    }
}

/// A host, and a port at most.
fn is_host(value: &HeaderValue) -> bool {
    // A comma may be in a name by the letter of RFC 3986; here it is two hosts in one line.
    let Some(text) = value.to_str().ok().filter(|text| !text.contains(',')) else {
        return false;
    };
    let Ok(authority) = text.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let port = text
        .strip_prefix(host)
        .map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    !host.is_empty() && port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_at_most() {
        let is_host = |text: &[u8]| is_host(&HeaderValue::from_bytes(text).unwrap());
        for good in [
            "x",
            "social.example.org",
            "localhost:8080",
            "127.0.0.1:80",
            "[::1]",
            "[2001:db8::1]:8443",
            "users_service:8080",
            "example.org.",
            "example.org:",
        ] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a b",
            "a,b",
            "ana@example.org",
            "http://example.org",
            "example.org/path",
            "example.org:port",
            "example.org:99999",
            "a:1:2",
            "[::1",
            "<x>",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
        assert!(!is_host(b"\xffexample.org"));
    }
}
