//! What was just done, for the page that says so and for nobody who merely opens it. The browser
//! carries a word of ours, never the text: nobody can put words into our mouth with a link.

use super::{
    cookie,
    visit::{Visit, see_other},
};
use poem::Response;

const COOKIE: &str = "flash";
/// In seconds: the page comes at once, and may be loaded again for a while.
const AGE: i64 = 600;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Flash {
    /// A new password was set with a link.
    PasswordSet,
    /// The password was changed.
    PasswordChanged,
    /// A new address proved itself.
    EmailChanged,
    /// The old address was put back.
    EmailRestored,
    /// The new address was kept for good.
    EmailKept,
    /// One session was ended from another.
    SessionEnded,
    /// All sessions but this one were ended.
    OthersEnded,
    /// The account is to be deleted.
    Leaving,
    /// The account is kept after all.
    Kept,
    /// An account was deleted by who owns the address that it never proved.
    Rejected,
}

impl Flash {
    fn word(self) -> &'static str {
        match self {
            Self::PasswordSet => "password_set",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
            Self::EmailRestored => "email_restored",
            Self::EmailKept => "email_kept",
            Self::SessionEnded => "session_ended",
            Self::OthersEnded => "others_ended",
            Self::Leaving => "leaving",
            Self::Kept => "kept",
            Self::Rejected => "rejected",
        }
    }

    /// Goes to the page that says it.
    pub(in crate::web) fn see_other(self, visit: Visit<'_>, page: &str) -> Response {
        let mut response = see_other(page);
        cookie::set(&mut response, visit.app, COOKIE, self.word(), Some(AGE));
        response
    }

    /// Whether this is what the browser did last.
    pub(in crate::web) fn is_of(self, visit: Visit<'_>) -> bool {
        cookie::all(visit.request, visit.app, COOKIE).any(|word| word == self.word())
    }

    /// It was said on a page that says other things too, and is not said again.
    pub(in crate::web) fn forget(response: &mut Response, visit: Visit<'_>) {
        cookie::clear(response, visit.app, COOKIE);
    }
}
