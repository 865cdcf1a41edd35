//! The headers that every answer carries.

use crate::Config;
use poem::{Response, http::HeaderValue};

/// The Content-Security-Policy of pages: nothing but our own files, and the foreign pictures that
/// the configuration allows.
#[must_use]
pub fn content_security_policy(config: &Config) -> String {
    let mut sources = vec!["'self'", "blob:"];
    sources.extend(config.avatar_url_hosts.iter().map(String::as_str));
    let pictures = sources.join(" ");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src {pictures}; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Adds them, keeping what a handler set on purpose.
pub fn add(response: &mut Response, policy: &HeaderValue) {
    let headers = response.headers_mut();
    let all = [
        ("content-security-policy", policy.clone()),
        (
            "x-content-type-options",
            HeaderValue::from_static("nosniff"),
        ),
        ("referrer-policy", HeaderValue::from_static("same-origin")),
    ];
    for (name, value) in all {
        if !headers.contains_key(name) {
            headers.insert(name, value);
        }
    }
}
