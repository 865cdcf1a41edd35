//! The caller of the request being served, readable anywhere below its handler.

use crate::domain::token::TokenHash;
use std::{future::Future, net::IpAddr, sync::Arc};

tokio::task_local! {
    static CALLER: Caller;
}

/// Where a request came from, as far as it can be believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The trace that the request is part of.
    pub trace_id: Arc<str>,
    /// The address of the client, behind the proxies that are trusted.
    pub address: Option<IpAddr>,
    /// What the client says it is: at most 256 characters of `User-Agent`.
    pub user_agent: Option<String>,
    /// The browser, by the hash of the secret that it keeps.
    pub device: Option<TokenHash>,
}

/// Runs `work` for this caller.
pub async fn scope<T>(caller: Caller, work: impl Future<Output = T>) -> T {
    CALLER.scope(caller, work).await
}

/// The caller of the request being served; an empty one outside of requests.
#[must_use]
pub fn current() -> Caller {
    CALLER.try_with(Clone::clone).unwrap_or_default()
}

/// The trace id of the request being served; none outside of requests.
#[must_use]
pub fn trace_id() -> Option<String> {
    CALLER.try_with(|caller| caller.trace_id.to_string()).ok()
}
