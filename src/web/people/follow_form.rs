//! The form to follow somebody or to stop: one button, on a profile and in lists.

use crate::web::kit::return_to::LocalPath;
use askama::{Template, filters::HtmlSafe};

/// The form with the one button.
#[derive(Debug, Clone, Template)]
#[template(path = "people/follow_form.html")]
pub(in crate::web) struct FollowForm {
    pub(in crate::web) username: String,
    pub(in crate::web) following: bool,
    /// The page with the list that it stands in; none: the profile of the person.
    pub(in crate::web) list: Option<LocalPath>,
}

impl HtmlSafe for FollowForm {}

impl FollowForm {
    fn verb(&self) -> &'static str {
        if self.following { "unfollow" } else { "follow" }
    }

    fn label(&self) -> &'static str {
        if self.following { "Unfollow" } else { "Follow" }
    }
}
