//! "Wrong address?": the browser that registered may correct the address until it is verified.

use super::{cookie, csrf::Posted, sent, visit::Visit};
use crate::{
    Error, Result,
    error::{Broken, FieldErrors},
    services::correction::{self, Correction},
    services::people::parse_id,
};
use poem::{Response, handler};
use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;

/// Names the account that the browser registered, sealed: nobody else can write it.
const COOKIE: &str = "registered";
const CONTEXT: &[u8] = b"account registered in this browser";
/// As long as the first link works.
const LIFETIME: Duration = Duration::hours(24);

/// The form, which names the account that its page was about: the browser may have registered another
/// one since.
#[derive(Default, Deserialize)]
struct Corrected {
    #[serde(default)]
    account: String,
    #[serde(flatten)]
    correction: Correction,
}

#[derive(Serialize, Deserialize)]
struct Account {
    id: Uuid,
    /// In Unix seconds. The cookie's own age is the browser's word only.
    until: i64,
}

/// Has the browser remember which account it registered.
pub(super) fn remember(response: &mut Response, visit: Visit<'_>, id: Uuid) -> Result<()> {
    let until = (visit.app.clock.now() + LIFETIME).unix_timestamp();
    let text = serde_json::to_vec(&Account { id, until }).map_err(Error::internal)?;
    let value = visit.app.keys.secrets().cookies().seal(CONTEXT, &text)?;
    let age = Some(LIFETIME.whole_seconds());
    cookie::set(response, visit.app, COOKIE, &value, age);
    Ok(())
}

/// The account that this browser registered, if it still may correct its address.
pub(super) fn account(visit: Visit<'_>) -> Option<Uuid> {
    let cookies = visit.app.keys.secrets().cookies();
    let text = cookie::all(visit.request, visit.app, COOKIE)
        .find_map(|value| cookies.open(CONTEXT, value))?;
    let account: Account = serde_json::from_slice(&text).ok()?;
    (account.until > visit.app.clock.now().unix_timestamp()).then_some(account.id)
}

/// `POST /register/address`
#[handler]
pub(super) async fn submit(visit: Visit<'_>, posted: Posted<Corrected>) -> Result<Response> {
    let Some(id) = account(visit) else {
        return Err(Error::NotFound);
    };
    let correct = async |form: &Corrected| {
        if parse_id(&form.account) != Some(id) {
            let other = "You registered another account since then. Nothing was changed.";
            return Err(FieldErrors::one(
                "email",
                Broken::new("other_account", other),
            ));
        }
        correction::correct(visit.app, id, &form.correction).await
    };
    let (typed, outcome) = posted.then(correct).await;
    match outcome {
        Ok(email) => Ok(sent::registered(visit, email.as_str())),
        Err(error) => {
            let (verdict, frame) = visit.frame_after(error).await?;
            let is_its = parse_id(&typed.account) == Some(id);
            let typed = is_its.then(|| typed.correction.email.typed());
            sent::wrong_address(visit, verdict, frame, id, typed).await
        }
    }
}
