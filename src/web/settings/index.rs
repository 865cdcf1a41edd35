//! `/settings`: what a person can change about their account, page by page.

use crate::{
    services::emails::{self, Waiting},
    web::kit::{page::Frame, return_to::LocalPath, visit::Visit},
};
use askama::Template;
use poem::{
    Response, handler,
    http::{StatusCode, header},
};

/// A page of settings, as the list of them names it.
struct Entry {
    path: &'static str,
    name: &'static str,
    what_for: &'static str,
}

const ENTRIES: &[Entry] = &[
    Entry {
        path: "/profile/edit",
        name: "Profile",
        what_for: "Your name, what you say about yourself, and your picture.",
    },
    Entry {
        path: "/settings/password",
        name: "Password",
        what_for: "Set a new one. You are logged out everywhere else.",
    },
    Entry {
        path: "/settings/email",
        name: "Email address",
        what_for: "Where we write to you, and what you log in with.",
    },
    Entry {
        path: "/settings/username",
        name: "Username",
        what_for: "The name in the address of your profile.",
    },
    Entry {
        path: "/settings/devices",
        name: "Devices",
        what_for: "Where you are logged in. You can end each session.",
    },
    Entry {
        path: "/settings/history",
        name: "Security history",
        what_for: "What happened to your account, when, and from where.",
    },
    Entry {
        path: "/settings/export",
        name: "Your data",
        what_for: "A copy of everything that we keep about you.",
    },
    Entry {
        path: "/settings/delete",
        name: "Delete account",
        what_for: "Leave for good. You have 14 days to change your mind.",
    },
];

/// The name of the page of settings at this place, if it is one.
pub(in crate::web) fn name_of(place: &LocalPath) -> Option<&'static str> {
    let entry = ENTRIES.iter().find(|entry| entry.path == place.as_str());
    entry.map(|entry| entry.name)
}

#[derive(Template)]
#[template(path = "settings/index.html")]
struct SettingsPage {
    frame: Frame,
    /// The change of address that waits for the new one to prove itself.
    waiting: Option<Waiting>,
    entries: &'static [Entry],
}

/// `GET /settings`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, waiting) = visit.signed_in(emails::waiting).await?;
    let page = SettingsPage {
        waiting,
        frame: visit.frame(Some(viewer)),
        entries: ENTRIES,
    };
    Ok(visit.page(StatusCode::OK, &page)?)
}

/// `GET /.well-known/change-password`: where password managers look for the page (W3C, A Well-Known URL
/// for Changing Passwords)
#[handler]
pub(in crate::web) fn to_password() -> Response {
    Response::builder()
        .status(StatusCode::FOUND)
        .header(header::LOCATION, "/settings/password")
        .header(header::CACHE_CONTROL, "no-store")
        .finish()
}
