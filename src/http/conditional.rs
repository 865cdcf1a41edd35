//! Answers that a client may keep and ask for again: 304 while its copy is still good (RFC 9110
//! sections 8.8.3, 13.1.2 and 15.4.5).

use crate::{Error, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use poem::{
    Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Whoever keeps a copy asks before each use.
pub const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// The same, and only the one who asked may keep it.
pub const ASK_AGAIN_PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Nobody keeps a copy on disk; a program that has one in memory may ask.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// The bytes that a person or a profile in JSON fits into: it doesn't move while it grows.
const USUAL_JSON: usize = 1_024;

/// The tag of a content.
pub struct Tag(String);

impl Tag {
    /// The tag of what these parts make, one after the other.
    ///
    /// Weak, since the same content goes out compressed in several ways, here and at proxies. Of
    /// SHA-256, which the processor has instructions for (a list of 20 people takes some microseconds)
    /// and to which nobody can make a second content with the tag of the first; half of it is plenty.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
        }
        Self(BASE64_URL_SAFE_NO_PAD.encode(&digest.finalize()[..16]))
    }

    /// Whether `If-None-Match` names it, compared weakly. No tag has a quote in it.
    fn is_known(&self, request: &Request) -> bool {
        let lines = request.headers().get_all(header::IF_NONE_MATCH).iter();
        let mut lines = lines.filter_map(|line| line.to_str().ok());
        lines.any(|line| {
            line.trim() == "*" || line.split('"').skip(1).step_by(2).any(|tag| tag == self.0)
        })
    }
}

/// What `answer` gives, or 304 when the request names the tag; either with the tag and
/// `Cache-Control`.
///
/// # Errors
/// Those of `answer`.
pub fn unless_known(
    request: &Request,
    tag: &Tag,
    cache: HeaderValue,
    answer: impl FnOnce() -> Result<Response>,
) -> Result<Response> {
    let mut response = if tag.is_known(request) {
        StatusCode::NOT_MODIFIED.into()
    } else {
        answer()?
    };
    let headers = response.headers_mut();
    let tag = HeaderValue::try_from(format!("W/\"{}\"", tag.0)).map_err(Error::internal)?;
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, cache);
    Ok(response)
}

/// JSON under the tag of its bytes.
///
/// # Errors
/// `Internal` when it can't be written as JSON.
pub fn json(request: &Request, content: &impl Serialize, cache: HeaderValue) -> Result<Response> {
    let mut body = Vec::with_capacity(USUAL_JSON);
    serde_json::to_writer(&mut body, content).map_err(Error::internal)?;
    let tag = Tag::of(&[&body]);
    unless_known(request, &tag, cache, || {
        Ok(Response::builder()
            .content_type("application/json; charset=utf-8")
            .body(body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(known: &[&str]) -> Result<StatusCode> {
        let mut request = Request::builder();
        for known in known {
            request = request.header("if-none-match", *known);
        }
        Ok(json(&request.finish(), &"body", ASK_AGAIN)?.status())
    }

    #[test]
    fn tags_are_compared_weakly_in_lists_and_over_several_lines() -> Result<()> {
        let first = json(&Request::default(), &"body", ASK_AGAIN)?;
        let tag = first.header("etag").unwrap_or_default();
        let strong = tag.trim_start_matches("W/");
        let in_list = format!("\"a\", {tag}");
        for known in [
            &[tag][..],
            &[strong],
            &["*"],
            &[&in_list],
            &["\"a,b\"", tag],
        ] {
            assert_eq!(status(known)?, StatusCode::NOT_MODIFIED, "{known:?}");
        }
        let unquoted = strong.trim_matches('"');
        let within = format!("\"a, {unquoted}\"");
        for other in [
            &[][..],
            &[""],
            &["\"a\""],
            &[unquoted],
            &["W/\"*\""],
            &[&within],
        ] {
            assert_eq!(status(other)?, StatusCode::OK, "{other:?}");
        }
        Ok(())
    }
}
