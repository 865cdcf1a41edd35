//! What the next page has to say once. The browser carries a word of ours, never the text: nobody
//! can put words into our mouth with a link or a cookie.

use super::{cookie, visit::Visit};
use poem::Response;

const COOKIE: &str = "flash";
/// In seconds: the next page comes at once.
const AGE: i64 = 60;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flash {
    /// A new password was set with a link.
    PasswordSet,
}

impl Flash {
    const ALL: [Self; 1] = [Self::PasswordSet];

    fn word(self) -> &'static str {
        match self {
            Self::PasswordSet => "password_set",
        }
    }

    /// The sentence for the person.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::PasswordSet => "Your password was changed. Log in with it.",
        }
    }

    /// Leaves it for the next page.
    pub(super) fn leave(self, response: &mut Response, visit: Visit<'_>) {
        cookie::set(response, visit.app, COOKIE, self.word(), Some(AGE));
    }

    /// What the last page left, if anything.
    pub(super) fn of(visit: Visit<'_>) -> Option<Self> {
        let word = cookie::get(visit.request, visit.app, COOKIE)?;
        Self::ALL.into_iter().find(|flash| flash.word() == word)
    }

    /// It was said.
    pub(super) fn forget(response: &mut Response, visit: Visit<'_>) {
        cookie::clear(response, visit.app, COOKIE);
    }
}
