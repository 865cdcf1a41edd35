//! What was typed into a form when something came between: the session was over, or the password
//! had to be entered first. The browser keeps it, sealed, until the person is at the form again.
//!
//! It is sealed for the person and the form: whoever else logs in on that browser does not get it.
//! The database knows nothing of it. Passwords are in no such form.

use super::{cookie, posted::Posted, return_to::LocalPath, visit::Visit};
use crate::{Error, Result};
use poem::Response;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::Duration;
use uuid::Uuid;

const COOKIE: &str = "draft";
/// Long enough to find the password.
const LIFETIME: Duration = Duration::minutes(30);
/// The longest value. Browsers keep 4,096 bytes with name and attributes; a name and a bio of the
/// most characters allowed come to 2,300 at worst.
const MAX_BYTES: usize = 3_000;

/// A form's texts as they are kept.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    #[serde(flatten)]
    typed: T,
    /// In Unix seconds. The cookie's own age is the browser's word only.
    until: i64,
}

impl Visit<'_> {
    /// Goes to the log-in page, and from there back to the form at this path with what was typed:
    /// its `texts`. Another site's form is not kept.
    pub(in crate::web) fn to_login_with<F, T: Serialize>(
        self,
        form: &'static str,
        posted: Posted<F>,
        texts: impl FnOnce(&F) -> T,
    ) -> Result<Response> {
        let mut response = self.to_login_from(&LocalPath::parse(form).unwrap_or_default());
        if let Ok((typed, Some(person))) = posted.proven() {
            self.keep_draft(&mut response, person, form, &texts(&typed))?;
        }
        Ok(response)
    }

    /// Has the browser keep what a person typed into the form at this path; not what is too long
    /// for a cookie, which no form could take either.
    pub(in crate::web) fn keep_draft(
        self,
        response: &mut Response,
        person: Uuid,
        form: &'static str,
        typed: &impl Serialize,
    ) -> Result<()> {
        let until = (self.app.clock.now() + LIFETIME).unix_timestamp();
        let text = serde_json::to_vec(&Kept { typed, until }).map_err(Error::internal)?;
        let value = self
            .app
            .keys
            .secrets()
            .cookies()
            .seal(&context(person, form), &text)?;
        if value.len() <= MAX_BYTES {
            let age = Some(LIFETIME.whole_seconds());
            cookie::set(response, self.app, COOKIE, &value, age);
        }
        Ok(())
    }

    /// What this person last typed into the form at this path, if the browser kept it.
    pub(in crate::web) fn draft<T: DeserializeOwned>(
        self,
        person: Uuid,
        form: &'static str,
    ) -> Option<T> {
        let cookies = self.app.keys.secrets().cookies();
        let text = cookie::all(self.request, self.app, COOKIE)
            .find_map(|value| cookies.open(&context(person, form), value))?;
        let kept: Kept<T> = serde_json::from_slice(&text).ok()?;
        (kept.until > self.app.clock.now().unix_timestamp()).then_some(kept.typed)
    }

    /// Has the browser forget it: it is in the form again.
    pub(in crate::web) fn forget_draft(self, response: &mut Response) {
        cookie::clear(response, self.app, COOKIE);
    }
}

fn context(person: Uuid, form: &str) -> Vec<u8> {
    [form.as_bytes(), b" of ", &person.as_bytes()[..]].concat()
}
