//! `/settings`: what a person can change about their account, page by page.

use super::{
    next::LocalPath,
    page::Frame,
    visit::{SignedIn, Visit},
};
use crate::Result;
use askama::Template;
use poem::{Response, handler, http::StatusCode};

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
        path: "/settings/devices",
        name: "Devices",
        what_for: "Where you are logged in. Log out from afar.",
    },
    Entry {
        path: "/settings/history",
        name: "Security history",
        what_for: "What happened to your account, when, and from where.",
    },
];

/// The name of the page of settings at this place, if it is one.
pub(super) fn name_of(place: &LocalPath) -> Option<&'static str> {
    let entry = ENTRIES.iter().find(|entry| entry.path == place.as_str());
    entry.map(|entry| entry.name)
}

#[derive(Template)]
#[template(path = "settings/page.html")]
struct SettingsPage {
    frame: Frame,
    entries: &'static [Entry],
}

/// `GET /settings`
#[handler]
pub(super) fn show(visit: Visit<'_>, SignedIn(viewer): SignedIn) -> Result<Response> {
    let page = SettingsPage {
        frame: visit.frame(Some(viewer)),
        entries: ENTRIES,
    };
    visit.page(StatusCode::OK, &page)
}
