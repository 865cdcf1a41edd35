//! The pages: HTML for people, complete without script. htmx only saves reloads.
//!
//! A handler says who is asking ([`visit`]), calls one service function, and picks what to show
//! ([`page`]). Forms come in as [`csrf::Posted`], which can't be acted on without their proof.
//! Templates have a folder per noun; a part that htmx swaps is a template of its own, so that
//! page and part are the same bytes.

mod assets;
mod avatar;
mod change_email;
mod change_password;
mod change_username;
mod compress;
mod confirm;
mod cookie;
mod correct;
mod csrf;
mod deletion;
mod dev_mail;
mod devices;
mod draft;
mod email_links;
mod errors;
mod export;
mod field;
mod flash;
mod follow;
mod forgot;
mod history;
mod home;
mod kept_pages;
mod layers;
mod link;
mod lists;
mod login;
mod new_password;
mod next;
mod page;
mod people;
mod person;
mod picture;
mod posts;
mod problem;
mod profile;
mod profile_form;
mod register;
mod reset;
mod sent;
mod session;
mod settings;
mod timeline;
mod verify;
mod visit;
mod when;
mod whose;

pub use assets::path as asset;
pub use errors::error_page;
pub use layers::Compress;
pub use next::LocalPath;

use crate::{
    App, Result,
    http::{
        errors::Errors,
        methods::{Methods, get, post},
    },
};
use askama::Template;
use layers::KeepSession;
use poem::{
    Request, Response, Route, handler,
    http::{StatusCode, header},
};
use visit::Visit;

/// A page that a browser may keep and ask for again: 304 when it is still the same.
pub fn kept_page(request: &Request, page: &impl Template) -> Result<Response> {
    Visit::of(request)?.kept_page(page)
}

/// Adds the pages to a router.
#[must_use]
pub fn routes(route: Route, app: &App) -> Route {
    let mut pages = Pages(route)
        .at("/", get(home::show))
        .at("/register", get(register::show).post(register::submit))
        .at("/register/check", post(register::check))
        .at("/register/done", get(sent::show_registered))
        .at("/register/address", post(correct::submit))
        .at("/password/advice", post(new_password::advise))
        .at("/login", get(login::show).post(login::submit))
        .at("/logout", post(login::log_out))
        .at("/verify", get(verify::show).post(verify::confirm))
        .at("/verify/reject", post(verify::reject))
        .at("/verify/rejected", get(verify::show_rejected))
        .at("/verify/resend", get(sent::show_form).post(sent::resend))
        .at("/verify/sent", get(sent::show_resent))
        .at("/forgot-password", get(forgot::show).post(forgot::submit))
        .at("/forgot-password/sent", get(forgot::show_sent))
        .at("/reset-password", get(reset::show).post(reset::submit))
        .at("/timeline", get(timeline::show))
        .at("/profile", get(profile::show))
        .at("/profile/edit", get(profile::edit).post(profile::save))
        .at("/profile/avatar", post(picture::upload))
        .at("/profile/avatar/remove", post(picture::remove))
        .at("/settings", get(settings::show))
        .at("/.well-known/change-password", get(settings::to_password))
        .at(
            "/settings/confirm",
            get(confirm::show).post(confirm::submit),
        )
        .at("/settings/devices", get(devices::show))
        .at("/settings/devices/end", post(devices::end))
        .at("/settings/devices/end-others", post(devices::end_others))
        .at("/settings/history", get(history::show))
        .at(
            "/settings/delete",
            get(deletion::show).post(deletion::submit),
        )
        .at("/settings/delete/done", get(deletion::done))
        .at("/settings/delete/kept", get(deletion::kept))
        .at("/settings/export", get(export::show).post(export::request))
        .at("/settings/export/download", get(export::download))
        .at(
            "/settings/email",
            get(change_email::show).post(change_email::save),
        )
        .at("/settings/email/cancel", post(change_email::cancel))
        .at("/settings/email/changed", get(email_links::show_changed))
        .at(
            "/settings/email/confirm",
            get(email_links::show_confirm).post(email_links::confirm),
        )
        .at(
            "/settings/email/restore",
            get(email_links::show_restore).post(email_links::restore),
        )
        .at("/settings/email/restored", get(email_links::show_restored))
        .at(
            "/settings/email/keep",
            get(email_links::show_keep).post(email_links::keep),
        )
        .at("/settings/email/kept", get(email_links::show_kept))
        .at(
            "/settings/password",
            get(change_password::show).post(change_password::save),
        )
        .at(
            "/settings/password/changed",
            get(change_password::show_changed),
        )
        .at(
            "/settings/username",
            get(change_username::show).post(change_username::save),
        )
        .at("/@:username", get(person::Show::default()))
        .at("/@:username/follow", post(follow::follow))
        .at("/@:username/unfollow", post(follow::unfollow))
        .at("/@:username/followers", get(lists::followers))
        .at("/@:username/following", get(lists::following))
        .at("/static/:name", get(assets::show))
        .at("/favicon.ico", get(assets::favicon))
        .at("/robots.txt", get(assets::robots));
    if app.config.is_development() {
        pages = pages
            .at("/dev/mail", get(dev_mail::list))
            .at("/dev/mail/:file", get(dev_mail::show));
    }
    pages.0
}

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
struct Pages(Route);

impl Pages {
    fn at(mut self, path: &str, methods: Methods) -> Self {
        if methods.answers_get() && path != "/" {
            let to_page = Errors::new(get(without_slash), error_page);
            self.0 = self.0.at(format!("{path}/"), to_page);
        }
        // Errors become pages in here already: an answer that renews a session must keep its cookies.
        let dressed = Errors::new(methods, error_page);
        Self(self.0.at(path, KeepSession::new(dressed)))
    }
}
