//! The proof that a form was filled in on a page of ours (OWASP CSRF Cheat Sheet, double submit):
//! the secret in a cookie, and beside it, masked anew in every page, in each form.
//!
//! The secret belongs to the browser and not to a session, so that a form that was open while
//! its session was renewed, or the service restarted, still submits.

use super::{cookie, session::Viewer, visit::Visit};
use crate::{
    App, Error, Result,
    http::{body, origin},
    services::{people::parse_id, view::View},
};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use poem::{FromRequest, Request, RequestBody, Response};
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;
use uuid::Uuid;

const BYTES: usize = 32;
const COOKIE: &str = "csrf";

/// What templates write for the proof. No text of a person can hold it: its `<` would be escaped.
pub(in crate::web) const PLACEHOLDER: &str = "<csrf>";

/// The secret of a browser.
#[derive(Clone)]
pub(in crate::web) struct Secret {
    bytes: [u8; BYTES],
    is_new: bool,
}

impl Secret {
    /// The one that a request carries; a new one if it has none.
    pub(in crate::web) fn of(visit: Visit<'_>) -> Result<Self> {
        if let Some(bytes) = carried(visit.app, visit.request).next() {
            return Ok(Self {
                bytes,
                is_new: false,
            });
        }
        Ok(Self {
            bytes: random()?,
            is_new: true,
        })
    }

    /// The secret itself, for telling apart pages that hold different ones. Never sent.
    pub(in crate::web) fn expose(&self) -> &[u8; BYTES] {
        &self.bytes
    }

    /// A proof for a page: different each time, so that compression can't leak it (BREACH).
    pub(in crate::web) fn proof(&self) -> Result<String> {
        let mask = random()?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([mask, xor(mask, &self.bytes)].concat()))
    }

    /// Gives the secret to a browser that has none.
    pub(in crate::web) fn set(&self, response: &mut Response, app: &App) {
        if self.is_new {
            let value = BASE64_URL_SAFE_NO_PAD.encode(self.bytes);
            cookie::set(response, app, COOKIE, &value, None);
        }
    }
}

/// All that a request carries: in development another program on the same host may have set one.
fn carried<'a>(app: &App, request: &'a Request) -> impl Iterator<Item = [u8; BYTES]> + use<'a> {
    cookie::all(request, app, COOKIE)
        .filter_map(|value| BASE64_URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok())
}

/// Whether a proof holds the secret.
fn proves(proof: &str, secret: &[u8; BYTES]) -> bool {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(proof).unwrap_or_default();
    let Some((mask, masked)) = decoded.split_at_checked(BYTES) else {
        return false;
    };
    let Ok(mask) = <[u8; BYTES]>::try_from(mask) else {
        return false;
    };
    xor(mask, secret).as_slice().ct_eq(masked).into()
}

fn xor(mut mask: [u8; BYTES], secret: &[u8; BYTES]) -> [u8; BYTES] {
    mask.iter_mut()
        .zip(secret)
        .for_each(|(byte, key)| *byte ^= key);
    mask
}

fn random() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(Error::internal)?;
    Ok(bytes)
}

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
        let mut secrets = carried(visit.app, request);
        Ok(Self {
            fields,
            person,
            proven: secrets.any(|secret| proves(proof, &secret)),
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_mask_of_a_secret_proves_it_and_one_changed_bit_does_not(
            secret: [u8; BYTES], mask: [u8; BYTES], at in 0..2 * BYTES, bit in 0..8_u8
        ) {
            let mut proof = [mask, xor(mask, &secret)].concat();
            prop_assert!(proves(&BASE64_URL_SAFE_NO_PAD.encode(&proof), &secret));
            proof[at] ^= 1_u8 << bit;
            prop_assert!(!proves(&BASE64_URL_SAFE_NO_PAD.encode(&proof), &secret));
        }

        #[test]
        fn no_other_text_proves_anything(proof in "[A-Za-z0-9_=-]{80,90}|\\PC{0,99}", secret: [u8; BYTES]) {
            prop_assert!(!proves(&proof, &secret));
        }
    }

    #[test]
    fn a_proof_is_different_each_time_and_proves_one_secret() -> Result<()> {
        let secret = Secret {
            bytes: random()?,
            is_new: true,
        };
        let (one, other) = (secret.proof()?, secret.proof()?);
        assert_ne!(one, other);
        assert!(proves(&one, secret.expose()) && proves(&other, secret.expose()));
        assert!(!proves(&one, &random()?));
        for bad in [
            "",
            "AAAA",
            "%%",
            &one[1..],
            &format!("{one}AAAA"),
            PLACEHOLDER,
        ] {
            assert!(!proves(bad, secret.expose()), "{bad}");
        }
        Ok(())
    }

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
