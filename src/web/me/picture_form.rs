//! One's picture as pages show it, with the forms that change it.

use crate::{
    domain::Profile,
    web::kit::{
        avatar::{Avatar, Size},
        problem::Problem,
        visit::Visit,
    },
};
use askama::{Template, filters::HtmlSafe};

/// The picture and the forms to change it.
#[derive(Template)]
#[template(path = "me/picture_form.html")]
pub(in crate::web) struct PictureForm {
    avatar: Avatar,
    /// Whether there is one to take away, shown or not.
    is_set: bool,
    error: Option<String>,
}

impl HtmlSafe for PictureForm {}

impl PictureForm {
    pub(in crate::web) fn new(
        visit: Visit<'_>,
        profile: &Profile,
        problem: Option<&Problem>,
    ) -> Self {
        let name = profile.display_name.as_deref().unwrap_or(&profile.username);
        let address = profile.avatar_url.as_deref();
        let error = problem.and_then(|problem| problem.beside("avatar"));
        Self {
            avatar: visit.avatar(address, name, Size::Large),
            is_set: address.is_some(),
            error: error.map(str::to_owned),
        }
    }
}
