//! Where a request says that it belongs: W3C Trace Context, `traceparent` and `tracestate`.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The length of a `traceparent` of version 00, and of the part of later ones that is known.
const KNOWN_LENGTH: usize = 55;
/// The longest `traceparent` of a later version that is read, in bytes.
const LONGEST: usize = 256;
/// The longest `tracestate` that is passed on, in bytes: as much as the specification asks for.
const LONGEST_STATE: usize = 512;

/// The span that a request was sent from.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent(pub(super) SpanContext);

impl Parent {
    /// The parent that these headers name; none when `traceparent` is absent, not valid, or there
    /// twice. A `tracestate` that is not valid or too long is left out.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (Some(header), None) = (values.next(), values.next()) else {
            return None;
        };
        let (trace, span, flags) = parts(header.to_str().ok()?)?;
        let state = state(headers).unwrap_or_default();
        let context = SpanContext::new(trace, span, flags, true, state);
        context.is_valid().then_some(Self(context))
    }

    /// Its trace id: 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.0.trace_id().to_string()
    }

    /// `traceparent` as it is passed on.
    #[must_use]
    pub fn traceparent(&self) -> String {
        traceparent(&self.0)
    }
}

/// A `traceparent` of version 00.
pub(super) fn traceparent(context: &SpanContext) -> String {
    let (trace, span) = (context.trace_id(), context.span_id());
    format!("00-{trace}-{span}-{:02x}", context.trace_flags())
}

/// Trace, span and flags. Later versions may have more behind a dash (section 3.2.4).
fn parts(header: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let (known, more) = header.split_at_checked(KNOWN_LENGTH)?;
    let mut parts = known.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace = hex(parts.next()?, 32)?;
    let span = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    let fits = match version {
        "ff" => false,
        "00" => more.is_empty(),
        _ => more.is_empty() || (more.starts_with('-') && header.len() <= LONGEST),
    };
    let flags = u8::from_str_radix(flags, 16).ok()?;
    fits.then_some((
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(flags),
    ))
}

/// A trace id that can be one of W3C's: 32 lower-case hexadecimal digits that are not all zero.
pub(super) fn trace_id(text: &str) -> Option<TraceId> {
    let id = TraceId::from_hex(hex(text, 32)?).ok()?;
    (id != TraceId::INVALID).then_some(id)
}

fn hex(text: &str, length: usize) -> Option<&str> {
    let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (digits && text.len() == length).then_some(text)
}

/// All `tracestate` headers as one list.
fn state(headers: &HeaderMap) -> Option<TraceState> {
    let lists = headers.get_all("tracestate").iter();
    let lists: Vec<&str> = lists
        .map(HeaderValue::to_str)
        .collect::<Result<_, _>>()
        .ok()?;
    let list = lists.join(",");
    (list.len() <= LONGEST_STATE).then(|| list.parse().ok())?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn read(headers: &[(&'static str, &str)]) -> Option<Parent> {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), (*value).parse().unwrap()));
        Parent::of(&headers.collect())
    }

    #[test]
    fn only_what_the_specification_allows_is_a_parent() {
        let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let odd = format!("00-{TRACE}-00f067aa0ba902b7-ff");
        for (header, taken) in [
            (good.clone(), true),
            (odd, true),
            (format!("01-{TRACE}-00f067aa0ba902b7-01"), true),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01-what-ever"), true),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01.what"), false),
            (
                format!("cc-{TRACE}-00f067aa0ba902b7-01-{}", "x".repeat(300)),
                false,
            ),
            (format!("{good}-"), false),
            (format!("{good}0"), false),
            (format!("ff-{TRACE}-00f067aa0ba902b7-01"), false),
            (format!("0-{TRACE}-00f067aa0ba902b7-01"), false),
            (format!("00-{TRACE}-0000000000000000-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (good.to_uppercase(), false),
            (format!("00-{TRACE}-00f067aa0ba902b7-0g"), false),
            (format!("00-{TRACE}-00f067aa0ba902b7"), false),
            (String::new(), false),
        ] {
            let parent = read(&[("traceparent", &header)]);
            assert_eq!(parent.is_some(), taken, "{header}");
        }
        assert_eq!(read(&[("traceparent", &good)]).unwrap().traceparent(), good);
        let mut twice = HeaderMap::new();
        for _ in 0..2 {
            twice.append("traceparent", good.parse().unwrap());
        }
        assert_eq!(Parent::of(&twice), None);
    }

    #[test]
    fn a_state_is_kept_when_it_is_one() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-00");
        for (given, kept) in [
            ("a=1, b@c=2 ,,", "a=1,b@c=2"),
            ("A=1", ""),
            ("no pair", ""),
            (&format!("a={}", "x".repeat(600)), ""),
        ] {
            let parent = read(&[("traceparent", &parent), ("tracestate", given)]);
            assert_eq!(parent.unwrap().0.trace_state().header(), kept, "{given}");
        }
    }
}
