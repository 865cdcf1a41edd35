//! The token of a link in a mail: a cookie takes it, so that it leaves the address and the history.

use super::{
    cookie,
    visit::{Visit, see_other},
};
use poem::Response;
use serde::Deserialize;

/// How long the page can be looked at again, in seconds.
const COOKIE_AGE: i64 = 3_600;
/// Longer than any token of ours.
const MAX_TOKEN: usize = 128;

/// The query of a link.
#[derive(Deserialize)]
pub(in crate::web) struct Link {
    pub(in crate::web) token: Option<String>,
}

/// A page that links lead to, and the cookie that holds their token.
pub(in crate::web) struct LinkedPage {
    pub(in crate::web) path: &'static str,
    pub(in crate::web) cookie: &'static str,
}

impl LinkedPage {
    /// Goes to the page without the token in its address.
    pub(in crate::web) fn without_token_in_address(
        &self,
        visit: Visit<'_>,
        token: &str,
    ) -> Response {
        let mut response = see_other(self.path);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(plain) {
            let age = Some(COOKIE_AGE);
            cookie::set(&mut response, visit.app, self.cookie, token, age);
        } else {
            self.forget(&mut response, visit);
        }
        response
    }

    /// The token that the browser holds; empty when it holds none.
    pub(in crate::web) fn token(&self, visit: Visit<'_>) -> String {
        let mut tokens = cookie::all(visit.request, visit.app, self.cookie);
        tokens.next().unwrap_or_default().to_owned()
    }

    /// Has the browser forget it.
    pub(in crate::web) fn forget(&self, response: &mut Response, visit: Visit<'_>) {
        cookie::clear(response, visit.app, self.cookie);
    }
}
