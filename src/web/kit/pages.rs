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
pub struct Pages {
    route: Route,
    forms: Vec<String>,
}

impl Pages {
    /// Pages beside what a router has.
    #[must_use]
    pub fn beside(route: Route) -> Self {
        let forms = Vec::new();
        Self { route, forms }
    }

    /// Adds a page.
    #[must_use]
    pub fn at(mut self, path: &str, methods: Methods) -> Self {
        if methods.answers_get() && path != "/" {
            let to_page = Errors::new(get(without_slash), error_page);
            self.route = self.route.at(format!("{path}/"), to_page);
        }
        if methods.answers_post() {
            self.forms.push(path.to_owned());
        }
        // Errors become pages in here already: an answer that renews a session must keep its cookies.
        let dressed = Errors::new(methods, error_page);
        self.route = self.route.at(path, KeepSession::new(dressed));
        self
    }

    /// The router.
    #[must_use]
    pub fn into_route(self) -> Route {
        self.route
    }

    /// The paths that take forms, with `:username` where somebody's handle stands.
    #[must_use]
    pub fn forms(&self) -> &[String] {
        &self.forms
    }
}
