//! The form to change one's profile: what it shows, what it sends, what is kept of it.

use crate::{
    domain::{
        Profile, Text,
        profile::{MAX_BIO, MAX_DISPLAY_NAME},
    },
    web::kit::{
        field::{Field, Kind},
        problem::Problem,
    },
};
use askama::Template;
use serde::{Deserialize, Serialize};

/// The form to change it.
#[derive(Template)]
#[template(path = "me/form.html")]
pub(in crate::web) struct EditForm {
    /// Whether it holds what was typed before the session ended.
    is_restored: bool,
    display_name: Field,
    bio: Field,
}

impl EditForm {
    pub(in crate::web) fn new(display_name: &str, bio: &str, problem: Option<&Problem>) -> Self {
        Self {
            is_restored: false,
            display_name: Field::new("display_name", "Display name", Kind::Line, "name")
                .hint("The name that people see first. Up to 100 characters.")
                .typed(display_name)
                .at_most(MAX_DISPLAY_NAME)
                .judged(problem),
            bio: Field::new("bio", "Bio", Kind::Lines, "off")
                .hint("A few words about you. Up to 300 characters.")
                .typed(bio)
                .at_most(MAX_BIO)
                .judged(problem),
        }
    }

    /// With whether it holds what was typed before the session ended.
    pub(in crate::web) fn restored(mut self, is_restored: bool) -> Self {
        self.is_restored = is_restored;
        self
    }
}

/// What the form sends. The picture has a form of its own.
#[derive(Default, Deserialize)]
pub(in crate::web) struct Edited {
    #[serde(default)]
    pub(in crate::web) display_name: Text,
    #[serde(default)]
    pub(in crate::web) bio: Text,
}

/// The form's texts, as they are kept.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::web) struct Texts {
    pub(in crate::web) display_name: String,
    pub(in crate::web) bio: String,
}

impl Texts {
    pub(in crate::web) fn of(edited: &Edited) -> Self {
        Self {
            display_name: edited.display_name.typed().to_owned(),
            bio: edited.bio.typed().to_owned(),
        }
    }

    /// What the profile says now.
    pub(in crate::web) fn now(profile: &Profile) -> Self {
        Self {
            display_name: profile.display_name.clone().unwrap_or_default(),
            bio: profile.bio.clone().unwrap_or_default(),
        }
    }
}
