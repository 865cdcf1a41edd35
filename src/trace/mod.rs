//! The trace that a piece of work is part of: in its log lines, in its spans, and in what it asks
//! other services.

mod lines;
mod parent;

pub use lines::{current, within, within_sync};
pub use parent::Parent;

use opentelemetry::{
    Context,
    trace::{TraceContextExt, TraceId},
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use std::{cell::Cell, sync::Arc};
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of the spans that are exported. Log lines know nothing of them, and while nothing
/// is exported they cost nothing.
pub const SPANS: &str = "users_service::spans";

thread_local! {
    static WANTED: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// A new trace id: 32 lower-case hexadecimal digits. Made as those of spans are, without asking the
/// operating system for randomness each time: it is a name, not a secret.
#[must_use]
pub fn new_id() -> Arc<str> {
    RandomIdGenerator::default()
        .new_trace_id()
        .to_string()
        .into()
}

/// Work that no request asked for, in a trace of its own, which log lines and spans call the same.
pub fn background<T>(name: &str, work: impl Future<Output = T>) -> impl Future<Output = T> {
    let trace_id = new_id();
    let span = info_span!(target: SPANS, parent: None, "background", otel.name = name);
    begin(&span, None, &trace_id);
    within(trace_id, work).instrument(span)
}

/// Starts an exported span that begins a trace here: below `parent`, else under the id that the
/// log lines have if that can be a trace id of W3C's, else under a new one.
pub fn begin(span: &Span, parent: Option<&Parent>, trace_id: &str) {
    if span.is_disabled() {
        return;
    }
    if let Some(Parent(context)) = parent {
        let context = Context::new().with_remote_span_context(context.clone());
        // Fails when the span was started, which nobody did yet.
        span.set_parent(context).ok();
    }
    WANTED.set(parent::trace_id(trace_id));
    span.context();
    WANTED.set(None);
}

/// The trace id that the span being started wants, if it is no child of another one.
#[must_use]
pub fn wanted() -> Option<TraceId> {
    WANTED.get()
}

/// Names a span anew, once more is known of it.
pub fn rename(span: &Span, name: String) {
    if !span.is_disabled() {
        span.context().span().update_name(name);
    }
}

/// The headers that make another service's work part of this span; without one they are passed
/// on as they came.
#[must_use]
pub fn outgoing(span: &Span, parent: Option<&Parent>) -> Vec<(&'static str, String)> {
    let own = span.context().span().span_context().clone();
    let context = match parent {
        _ if own.is_valid() => own,
        Some(Parent(context)) => context.clone(),
        None => return Vec::new(),
    };
    let mut headers = vec![("traceparent", parent::traceparent(&context))];
    let state = context.trace_state().header();
    if !state.is_empty() {
        headers.push(("tracestate", state));
    }
    headers
}
