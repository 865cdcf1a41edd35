//! Whose a form is. Two people may use one browser, and a tab of the first may still be open when the
//! second logs in: so every form names the account that its page was made for, and acts for no other
//! one ([`super::posted::Posted`] compares). The name is written into all forms of a page in one
//! place, beside the proof, so no form can go without.

use super::visit::Visit;
use crate::http::Scope;
use poem::Request;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// What templates write for the name, which is an account's id; empty for who is signed out.
pub(in crate::web) const PLACEHOLDER: &str = "<person>";

/// The account that the form in a request names, kept beside the request.
#[derive(Clone, Default)]
pub(in crate::web) struct FormOf(Arc<OnceLock<Uuid>>);

impl FormOf {
    /// Makes room for the name beside a request.
    pub(in crate::web) fn prepare(request: &mut Request) {
        request.extensions_mut().insert(Self::default());
    }
}

impl Visit<'_> {
    /// Notes the account that the form in this request names.
    pub(in crate::web) fn note_form_of(self, person: Option<Uuid>) {
        let noted = self.request.extensions().get::<FormOf>();
        if let (Some(noted), Some(person)) = (noted, person) {
            noted.0.set(person).ok();
        }
    }

    /// Whose the forms of the answer are: of who is looking; while that can't be told, of whom the
    /// form was that is answered.
    pub(in crate::web) fn person(self) -> Option<Uuid> {
        let looking = Scope::of(self.request).user_id();
        let named = || self.request.extensions().get::<FormOf>()?.0.get().copied();
        looking.or_else(named)
    }
}
