//! The form to change one's profile: what it shows, what it sends, what is kept of it.

use super::{
    field::{Field, Kind},
    problem::Problem,
};
use crate::{
    domain::{
        Text,
        profile::{MAX_BIO, MAX_DISPLAY_NAME},
    },
    services::people::parse_id,
};
use askama::Template;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The form to change it.
#[derive(Template)]
#[template(path = "profile/form.html")]
pub(super) struct EditForm {
    /// Whose form it is, for when the session is over once it is sent.
    person: Uuid,
    /// Whether it holds what was typed before the session ended.
    is_restored: bool,
    display_name: Field,
    bio: Field,
}

impl EditForm {
    pub(super) fn new(
        person: Uuid,
        display_name: &str,
        bio: &str,
        problem: Option<&Problem>,
    ) -> Self {
        Self {
            person,
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
    pub(super) fn restored(mut self, is_restored: bool) -> Self {
        self.is_restored = is_restored;
        self
    }
}

/// The form's texts, as they are kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Texts {
    pub(super) display_name: String,
    pub(super) bio: String,
}

/// What the form sends. The picture has a form of its own.
#[derive(Default, Deserialize)]
pub(super) struct Edited {
    /// Whose form it was; only asked for when it is not known who is signed in.
    person: Option<String>,
    #[serde(default)]
    pub(super) display_name: Text,
    #[serde(default)]
    pub(super) bio: Text,
}

impl Edited {
    /// What is kept of it until its person has logged in again.
    pub(super) fn kept(&self) -> Option<(Uuid, Texts)> {
        let texts = Texts {
            display_name: self.display_name.typed().to_owned(),
            bio: self.bio.typed().to_owned(),
        };
        Some((self.person()?, texts))
    }

    /// Whose form it says it was.
    pub(super) fn person(&self) -> Option<Uuid> {
        parse_id(self.person.as_deref()?)
    }
}
