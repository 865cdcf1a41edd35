//! What was typed into the profile form when the session turned out to be over: the browser keeps
//! it, sealed, until the person has logged in.
//!
//! It is sealed for the person whose form it was: whoever else logs in on that browser does not
//! get it. The database knows nothing of it. Passwords are in no such form.

use super::{cookie, csrf::Posted, next::LocalPath, visit::Visit};
use crate::Result;
use poem::Response;
use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;

const COOKIE: &str = "draft";
/// Long enough to find the password.
const LIFETIME: Duration = Duration::minutes(30);
/// The longest value. Browsers keep 4,096 bytes with name and attributes; a name and a bio of the
/// most characters allowed come to 2,300 at worst.
const MAX_BYTES: usize = 3_000;
/// Where the form is.
const FORM: &str = "/profile/edit";

/// The form's texts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) display_name: String,
    pub(super) bio: String,
    /// In Unix seconds. The cookie's own age is the browser's word only.
    #[serde(default)]
    until: i64,
}

impl Draft {
    pub(super) fn new(display_name: &str, bio: &str) -> Self {
        Self {
            display_name: display_name.to_owned(),
            bio: bio.to_owned(),
            until: 0,
        }
    }
}

impl Visit<'_> {
    /// Goes to the log-in page, and from there back to the form with what was typed. `form` says
    /// whose form it was, and its texts. Another site's form is not kept, nor what is too long
    /// for a cookie, which no profile could take either.
    pub(super) fn to_login_with<T>(
        self,
        posted: Option<Posted<T>>,
        form: impl FnOnce(&T) -> Option<(Uuid, Draft)>,
    ) -> Result<Response> {
        let mut response = self.to_login_from(&LocalPath::parse(FORM).unwrap_or_default());
        let fields = posted.and_then(|posted| posted.proven().ok());
        if let Some((person, mut draft)) = fields.as_ref().and_then(form) {
            draft.until = (self.app.clock.now() + LIFETIME).unix_timestamp();
            let text = serde_json::to_vec(&draft).map_err(crate::Error::internal)?;
            let value = self.app.keys.cookies().seal(&context(person), &text)?;
            if value.len() <= MAX_BYTES {
                let age = Some(LIFETIME.whole_seconds());
                cookie::set(&mut response, self.app, COOKIE, &value, age);
            }
        }
        Ok(response)
    }

    /// What this person typed before the session ended, if the browser kept it.
    pub(super) fn draft(self, person: Uuid) -> Option<Draft> {
        let value = cookie::get(self.request, self.app, COOKIE)?;
        let text = self.app.keys.cookies().open(&context(person), value)?;
        let draft: Draft = serde_json::from_slice(&text).ok()?;
        (draft.until > self.app.clock.now().unix_timestamp()).then_some(draft)
    }

    /// Has the browser forget it: it is in the form again.
    pub(super) fn forget_draft(self, response: &mut Response) {
        cookie::clear(response, self.app, COOKIE);
    }
}

fn context(person: Uuid) -> Vec<u8> {
    [b"profile form of ", &person.as_bytes()[..]].concat()
}
