//! Addresses of our pages in mails.

use crate::{App, domain::Token};

/// The address of a page with a token for it.
pub(super) fn link(app: &App, page: &str, token: &Token) -> String {
    format!("{}{page}?token={}", app.config.public_url, token.expose())
}

/// The host that people know us by.
pub(super) fn site(public_url: &str) -> String {
    let url = reqwest::Url::parse(public_url).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str);
    host.unwrap_or("localhost").to_owned()
}
