//! Percent-encoded spellings of a path: `/%40ana` is `/@ana`. Some programs encode every character that is not
//! a letter, and routers look at a path as it is written.

use poem::{
    Endpoint, Request, Response,
    http::uri::{PathAndQuery, Uri},
};
use std::future::Future;

/// The layer: the endpoint behind it finds each path spelled as plainly as it can be.
pub struct Spelled<E>(E);

impl<E> Spelled<E> {
    /// Puts the layer in front of an endpoint.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Spelled<E> {
    type Output = Response;

    fn call(&self, mut request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        if let Some(uri) = plainly(request.uri()) {
            *request.uri_mut() = uri;
        }
        self.0.call(request)
    }
}

/// The same address in plain spelling; none when it is plain already.
fn plainly(uri: &Uri) -> Option<Uri> {
    let path = decode(uri.path())?;
    let query = uri.query().map(|query| format!("?{query}"));
    let spelled = format!("{path}{}", query.unwrap_or_default());
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(spelled).ok()?);
    Uri::from_parts(parts).ok()
}

/// Decodes the characters that mean the same encoded or not: the unreserved ones (RFC 3986 section
/// 6.2.2.2), and `@`, which is none but has no meaning of its own in a path. None when there are none.
fn decode(path: &str) -> Option<String> {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let code = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.map(char::from) {
            Some(char) if char.is_ascii_alphanumeric() || "-._~@".contains(char) => {
                plain.push(char);
                rest = &after[2..];
            }
            _ => {
                plain.push('%');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    (plain != path).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_spelled_plainly_and_nothing_else_is() {
        for (path, plain) in [
            ("/%40ana", Some("/@ana")),
            ("/%40an%61/follower%73", Some("/@ana/followers")),
            ("/%7Eana", Some("/~ana")),
            ("/@ana", None),
            ("/a%2Fb", None),
            ("/%2540ana", None),
            ("/%", None),
            ("/%4", None),
            ("/%+4", None),
            ("/%C3%A4", None),
            ("/%00", None),
        ] {
            assert_eq!(decode(path).as_deref(), plain, "{path}");
        }
    }

    #[test]
    fn the_query_stays_as_it_is() {
        let spelled =
            |uri: &'static str| plainly(&Uri::from_static(uri)).map(|uri| uri.to_string());
        assert_eq!(spelled("/%40ana?x=%40").as_deref(), Some("/@ana?x=%40"));
        assert_eq!(spelled("/@ana?x=%40"), None);
    }
}
