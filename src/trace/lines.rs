//! The trace id that log lines carry: that of the work they are written in.
//!
//! Kept beside the task and not in a span: every request has one, and a span took half a microsecond of each.

use std::sync::Arc;

tokio::task_local! {
    static TRACE_ID: Arc<str>;
}

/// Puts this trace id on every log line of what runs within.
pub async fn within<T>(trace_id: Arc<str>, work: impl Future<Output = T>) -> T {
    TRACE_ID.scope(trace_id, work).await
}

/// The same for what is done at once; on another thread, with what [`current`] gave before.
pub fn within_sync<T>(trace_id: Option<Arc<str>>, work: impl FnOnce() -> T) -> T {
    match trace_id {
        Some(trace_id) => TRACE_ID.sync_scope(trace_id, work),
        None => work(),
    }
}

/// The trace id of the work being done, if it is part of a trace.
#[must_use]
pub fn current() -> Option<Arc<str>> {
    TRACE_ID.try_with(Arc::clone).ok()
}
