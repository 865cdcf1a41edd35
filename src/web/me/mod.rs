//! One's own profile: how it looks, its form, its picture.

mod form;
mod picture;
mod picture_form;
mod profile;

use super::kit::pages::Pages;
use crate::http::methods::{get, post};

/// The pages of this room.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
        .at("/profile", get(profile::show))
        .at("/profile/edit", get(profile::edit).post(profile::save))
        .at("/profile/avatar", post(picture::upload))
        .at("/profile/avatar/remove", post(picture::remove))
}
