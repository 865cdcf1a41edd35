//! "Wrong address?": the browser that registered may correct the address until it is verified.

use super::{check_your_mail, registered_account};
use crate::{
    Error, Result,
    error::{Broken, FieldErrors},
    services::{
        correction::{self, Correction},
        people::parse_id,
    },
    web::kit::{posted::Posted, visit::Visit},
};
use poem::{Response, handler};
use serde::Deserialize;

/// The form, which names the account that its page was about: the browser may have registered another
/// one since.
#[derive(Default, Deserialize)]
struct Corrected {
    #[serde(default)]
    account: String,
    #[serde(flatten)]
    correction: Correction,
}

/// `POST /register/address`
#[handler]
pub(in crate::web) async fn submit(
    visit: Visit<'_>,
    posted: Posted<Corrected>,
) -> Result<Response> {
    let Some(id) = registered_account::id(visit) else {
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
        Ok(email) => Ok(check_your_mail::registered(visit, email.as_str())),
        Err(error) => {
            let (verdict, frame) = visit.frame_after(error).await?;
            let is_its = parse_id(&typed.account) == Some(id);
            let typed = is_its.then(|| typed.correction.email.typed());
            check_your_mail::wrong_address(visit, verdict, frame, id, typed).await
        }
    }
}
