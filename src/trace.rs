//! The trace id of the request being served, readable anywhere below its handler.

use std::future::Future;

tokio::task_local! {
    static TRACE_ID: String;
}

/// Runs `work` as part of the trace `id`.
pub async fn scope<T>(id: String, work: impl Future<Output = T>) -> T {
    TRACE_ID.scope(id, work).await
}

/// The trace id of the request being served; none outside of requests.
#[must_use]
pub fn current() -> Option<String> {
    TRACE_ID.try_with(Clone::clone).ok()
}
