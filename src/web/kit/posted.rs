//! Forms that were posted. What they ask for is done only with their proof ([`csrf`]), and in the name of the
//! account that they name.

use super::{csrf, session::Viewer, visit::Visit};
use crate::{
    Error, Result,
    http::{body, origin},
    services::{people::parse_id, view::View},
};
use poem::{FromRequest, Request, RequestBody};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

/// A form that was posted. Its fields can be acted on only through [`Posted::then`], and in the name
/// of an account only through [`Posted::then_as_viewer`] and [`Posted::taken_by_viewer`], which ask for
/// the proof, and for whose form it is. That a form can't be read is said there too and not before: who
/// is signed out logs in first.
pub(in crate::web) struct Posted<T> {
    fields: T,
    /// The account that the form names.
    person: Option<Uuid>,
    proven: bool,
    /// Whether the account that it names is not the viewer's: nobody else sees what was typed.
    is_anothers: bool,
    /// Why it is refused, whatever it holds: it could not be read, or came from the wrong address.
    refused: Option<Error>,
}

impl<T> Posted<T> {
    /// These fields with the proof and the name that came beside them.
    pub(in crate::web) fn new(
        request: &Request,
        fields: T,
        proof: &str,
        person: &str,
    ) -> Result<Self> {
        let visit = Visit::of(request)?;
        let person = parse_id(person);
        visit.note_form_of(person);
        Ok(Self {
            fields,
            person,
            proven: csrf::is_proven(visit.app, request, proof),
            is_anothers: false,
            refused: origin::check_form(request).err(),
        })
    }

    /// Does what a form asks for, if the form is ours, else says `BadFormProof`. Gives the fields
    /// back, to fill the form in again.
    pub(in crate::web) async fn then<R>(
        mut self,
        verb: impl AsyncFnOnce(&T) -> Result<R>,
    ) -> (T, Result<R>) {
        let outcome = match self.check() {
            Ok(()) => verb(&self.fields).await,
            Err(error) => Err(error),
        };
        (self.fields, outcome)
    }

    /// Does what a form asks for in the name of who is signed in, else says `Unauthenticated`; when the
    /// form is another account's, `OtherAccount`. Gives the form back, and who it is, if that could
    /// be told.
    pub(in crate::web) async fn then_as_viewer<R>(
        self,
        visit: Visit<'_>,
        verb: impl AsyncFnOnce(&Viewer, &T) -> Result<R>,
    ) -> (Option<Viewer>, Self, Result<R>) {
        let nothing = async |_: View| Ok(());
        let verb = async |viewer: &Viewer, (), fields: &T| verb(viewer, fields).await;
        self.then_as_viewer_with(visit, nothing, verb).await
    }

    /// The same with what `read` gives for the viewer: one round trip to the database for both. What it
    /// can't give, the form is refused for.
    pub(in crate::web) async fn then_as_viewer_with<S, F, R>(
        mut self,
        visit: Visit<'_>,
        read: impl Fn(View) -> F,
        verb: impl AsyncFnOnce(&Viewer, S, &T) -> Result<R>,
    ) -> (Option<Viewer>, Self, Result<R>)
    where
        F: Future<Output = Result<S>>,
    {
        let read = |view| {
            let reading = read(view);
            async { Ok(reading.await) }
        };
        let (viewer, seen) = match visit.viewer_and(read).await {
            Ok(Some((viewer, seen))) => (viewer, seen),
            Ok(None) => return (None, self, Err(Error::Unauthenticated)),
            Err(error) => return (None, self, Err(error)),
        };
        let outcome = match self.check_for(&viewer).and(seen) {
            Ok(seen) => verb(&viewer, seen, &self.fields).await,
            Err(error) => Err(error),
        };
        (Some(viewer), self, outcome)
    }

    /// The same for fields that are too large to be given back: who is signed in, and what they sent.
    pub(in crate::web) async fn taken_by_viewer(
        mut self,
        visit: Visit<'_>,
    ) -> (Option<Viewer>, Result<T>) {
        match visit.viewer().await {
            Ok(Some(viewer)) => {
                let outcome = self.check_for(&viewer);
                (Some(viewer), outcome.map(|()| self.fields))
            }
            Ok(None) => (None, Err(Error::Unauthenticated)),
            Err(error) => (None, Err(error)),
        }
    }

    /// That the form is ours and names the viewer: only then it acts for them.
    fn check_for(&mut self, viewer: &Viewer) -> Result<()> {
        let is_named = self.person == Some(viewer.user_id);
        self.is_anothers = self.person.is_some() && !is_named;
        let mut outcome = self.check();
        if outcome.is_ok() && !is_named {
            self.is_anothers = true;
            let username = viewer.username.clone();
            outcome = Err(Error::OtherAccount { username });
        }
        outcome
    }

    /// The fields, to fill the form in again and for nothing else; none when somebody else than the
    /// viewer typed them.
    pub(in crate::web) fn typed(self) -> Option<T> {
        (!self.is_anothers).then_some(self.fields)
    }

    /// The fields of a form that is ours, for when it is not filled in again, and the account that
    /// it names.
    pub(in crate::web) fn proven(mut self) -> Result<(T, Option<Uuid>)> {
        self.check().map(|()| (self.fields, self.person))
    }

    /// That there are fields and they are ours. What could not be read is not.
    fn check(&mut self) -> Result<()> {
        match self.refused.take() {
            Some(error) => Err(error),
            None if self.proven => Ok(()),
            None => Err(Error::BadFormProof),
        }
    }
}

impl<T: Default> Posted<T> {
    /// A form that could not be read.
    pub(in crate::web) fn unread(error: Error) -> Self {
        Self {
            fields: T::default(),
            person: None,
            proven: false,
            is_anothers: false,
            refused: Some(error),
        }
    }
}

/// A form without fields of its own.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(in crate::web) struct NoFields {}

#[derive(Deserialize)]
struct WithProof<T> {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    person: String,
    #[serde(flatten)]
    fields: T,
}

impl<'a, T: DeserializeOwned + Default + Send> FromRequest<'a> for Posted<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        match body::form::<WithProof<T>>(request, body).await {
            Ok(form) => Ok(Self::new(request, form.fields, &form.csrf, &form.person)?),
            Err(error) => Ok(Self::unread(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Text, services::sessions::Credentials};

    #[test]
    fn the_proof_is_told_from_the_fields_and_no_field_comes_twice() {
        let of = serde_urlencoded::from_str::<WithProof<Credentials>>;
        let form = of("csrf=abc&person=p&email=ana%40example.org&password=");
        assert!(form.is_ok_and(|form| form.csrf == "abc"
            && form.person == "p"
            && form.fields.email.typed() == "ana@example.org"
            && form.fields.password == Text::from("")));
        assert!(of("email=a&email=b").is_err());
        assert!(of("csrf=a&csrf=b").is_err());
        assert!(serde_urlencoded::from_str::<WithProof<NoFields>>("csrf=a&x=y").is_ok());
    }
}
