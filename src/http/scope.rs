//! What belongs to one request: its trace id, and who turned out to be asking.

use super::{cookies, forwarded};
use crate::{
    App,
    caller::Caller,
    trace::{self, Parent},
};
use poem::{
    Request,
    http::{HeaderName, header},
};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// The header of a request and of its answer that names their trace.
pub const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// The longest `User-Agent` that is kept, in characters.
const LONGEST_USER_AGENT: usize = 256;

/// The scope of a request, found in its extensions by every layer.
#[derive(Debug, Clone, Default)]
pub struct Scope(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    trace_id: Arc<str>,
    parent: Option<Parent>,
    user_id: OnceLock<Uuid>,
    must_close: OnceLock<()>,
}

impl Scope {
    /// The scope of a request that is part of this trace.
    #[must_use]
    pub fn new(trace_id: Arc<str>, parent: Option<Parent>) -> Self {
        Self(Arc::new(Inner {
            trace_id,
            parent,
            ..Inner::default()
        }))
    }

    /// The scope of this request; an empty one where no layer made one.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// The id that logs, answers and mails of this request carry.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.0.trace_id
    }

    /// The span that the request was sent from, if it named one.
    #[must_use]
    pub fn parent(&self) -> Option<&Parent> {
        self.0.parent.as_ref()
    }

    /// Notes who is asking, for the log line.
    pub fn set_user(&self, id: Uuid) {
        self.0.user_id.set(id).ok();
    }

    /// The connection can't be used again: what is left of the body was not read.
    pub fn close_connection(&self) {
        self.0.must_close.set(()).ok();
    }

    /// Whether the connection ends with this request.
    #[must_use]
    pub fn closes_connection(&self) -> bool {
        self.0.must_close.get().is_some()
    }

    /// Who is asking, if that is known.
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        self.0.user_id.get().copied()
    }
}

/// The trace id that a request asks for: `X-Trace-Id` of 1 to 64 of `A-Za-z0-9_-`, or the one of
/// its parent; else a new one.
#[must_use]
pub fn trace_id(request: &Request, parent: Option<&Parent>) -> Arc<str> {
    let own = request.header(TRACE_ID).filter(|id| is_plain(id));
    own.map(Into::into)
        .or_else(|| parent.map(|parent| parent.trace_id().into()))
        .unwrap_or_else(trace::new_id)
}

fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Where a request came from, as far as it can be believed.
#[must_use]
pub fn caller(request: &Request, app: &App, trace_id: Arc<str>) -> Caller {
    let user_agent = request.header(header::USER_AGENT);
    let peer = request.remote_addr().as_socket_addr();
    let trusted = &app.config.trusted_proxies;
    Caller {
        trace_id,
        address: peer.map(|peer| forwarded::client_address(peer.ip(), request.headers(), trusted)),
        device: cookies::device(request, app).map(|token| token.hash()),
        user_agent: user_agent.map(|agent| first_chars(agent, LONGEST_USER_AGENT).to_owned()),
    }
}

/// The beginning of a text: as many characters at most.
#[must_use]
pub fn first_chars(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = text.char_indices().nth(most).map(|(end, _)| end);
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_between_two_characters() {
        assert_eq!(first_chars("äöü", 2), "äö");
        assert_eq!(first_chars("äöü", 3), "äöü");
        assert_eq!(first_chars("", 3), "");
    }

    #[test]
    fn odd_trace_ids_are_replaced() {
        let of = |name: &str, value: &str| {
            let request = Request::builder().header(name, value).finish();
            trace_id(&request, Parent::of(request.headers()).as_ref())
        };
        assert_eq!(&*of("x-trace-id", "abc-DEF_123"), "abc-DEF_123");
        for odd in ["", "a b", "a\u{e9}", &"a".repeat(65), "{\"a\":1}"] {
            assert_ne!(&*of("x-trace-id", odd), odd);
        }
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(&*of("traceparent", &parent), trace);
    }
}
