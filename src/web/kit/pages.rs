//! The router of the pages: what each of them has around it.

use super::{errors::error_page, layers::KeepSession};
use crate::http::{
    errors::Errors,
    methods::{Methods, get},
};
use poem::{
    Request, Response, Route, handler,
    http::{StatusCode, header},
};

/// The address of a page with a slash at its end: leads to the page.
#[handler]
fn without_slash(request: &Request) -> Response {
    let uri = request.uri();
    let path = uri.path().trim_end_matches('/');
    let query = uri.query().map(|query| format!("?{query}"));
    let page = format!("{path}{}", query.unwrap_or_default());
    Response::builder()
        .status(StatusCode::PERMANENT_REDIRECT)
        .header(header::LOCATION, page)
        .header(header::CACHE_CONTROL, "private, no-cache")
        .finish()
}

/// A router whose paths have the layers that only pages have. They are not around a router of their own:
/// each router in another one looks at a path once more.
pub struct Pages(pub Route);

impl Pages {
    /// Adds a page.
    #[must_use]
    pub fn at(mut self, path: &str, methods: Methods) -> Self {
        if methods.answers_get() && path != "/" {
            let to_page = Errors::new(get(without_slash), error_page);
            self.0 = self.0.at(format!("{path}/"), to_page);
        }
        // Errors become pages in here already: an answer that renews a session must keep its cookies.
        let dressed = Errors::new(methods, error_page);
        Self(self.0.at(path, KeepSession::new(dressed)))
    }
}
