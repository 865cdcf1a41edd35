//! Settings: address, password, username, devices, history, a copy of everything, leaving.

mod confirm;
mod deletion;
mod devices;
mod email;
mod email_links;
mod export;
mod history;
mod index;
mod password;
mod username;

use super::kit::pages::Pages;
use crate::http::methods::{get, post};

/// The pages of this room.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
        .at("/settings", get(index::show))
        .at("/.well-known/change-password", get(index::to_password))
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
        .at("/settings/email", get(email::show).post(email::save))
        .at("/settings/email/cancel", post(email::cancel))
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
            get(password::show).post(password::save),
        )
        .at("/settings/password/changed", get(password::show_changed))
        .at(
            "/settings/username",
            get(username::show).post(username::save),
        )
}
