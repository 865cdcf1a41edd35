//! The pages: HTML for people, complete without script. htmx only saves reloads.
//!
//! A room for each thing that people come for (`account`, `people`, `me`, `settings`), and the
//! `kit` that pages are made of. A handler says who is asking (`kit::visit`), calls one service
//! function, and picks what to show (`kit::page`). Forms come in as `kit::posted::Posted`, which can't
//! be acted on without their proof. Templates lie in rooms of the same names; a part that htmx swaps is a
//! template of its own, so that page and part are the same bytes.

mod account;
mod dev_mail;
mod kit;
mod me;
mod people;
mod settings;

pub use kit::{assets::path as asset, errors::error_page, layers::Compress, return_to::LocalPath};

use crate::{App, Result, http::methods::get};
use askama::Template;
use kit::{assets, pages::Pages, visit::Visit};
use poem::{Request, Response, Route};

/// A page that a browser may keep and ask for again: 304 when it is still the same.
pub fn kept_page(request: &Request, page: &impl Template) -> Result<Response> {
    Visit::of(request)?.kept_page(page)
}

/// Adds the pages to a router.
#[must_use]
pub fn routes(route: Route, app: &App) -> Route {
    let mut pages = rooms(Pages::beside(route))
        .at("/static/:name", get(assets::show))
        .at("/favicon.ico", get(assets::favicon))
        .at("/robots.txt", get(assets::robots));
    if app.config.is_development() {
        pages = pages
            .at("/dev/mail", get(dev_mail::list))
            .at("/dev/mail/:file", get(dev_mail::show));
    }
    pages.into_route()
}

/// The paths that take forms, for tests that post to each of them; `:username` stands for a handle.
#[must_use]
pub fn forms() -> Vec<String> {
    rooms(Pages::beside(Route::new())).forms().to_vec()
}

fn rooms(pages: Pages) -> Pages {
    settings::routes(me::routes(people::routes(account::routes(pages))))
}
