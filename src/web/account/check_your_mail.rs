//! "Check your email": after registering, and after asking for the link once more.

use super::registered_account;
use crate::{
    Result,
    domain::{Email, when},
    services::unproven_mail,
    web::kit::{
        cookie,
        field::{Field, Kind},
        page::Frame,
        problem::Verdict,
        visit::{Visit, see_other},
    },
};
use askama::Template;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use poem::{Response, handler, http::StatusCode};
use uuid::Uuid;

/// Holds the address for the page that names it: in a URL it would stay in the history.
const COOKIE: &str = "mail_sent_to";
/// How long that page can be looked at again, in seconds.
const COOKIE_AGE: i64 = 3_600;

#[derive(Template)]
#[template(path = "account/check_your_mail.html")]
struct SentPage {
    frame: Frame,
    email: Option<String>,
    /// Until when nothing is sent there, since its owner asked for that.
    quiet_until: Option<String>,
    /// Whether an account was just made, or a link was asked for that may not have been due.
    is_new: bool,
    /// Corrects the address of this account, for the browser that registered it.
    correction: Option<(Uuid, Field)>,
}

/// The answer to a registration.
pub(in crate::web) fn registered(visit: Visit<'_>, email: &str) -> Response {
    see_other_naming(visit, "/register/done", email)
}

/// The answer to a link that was asked for once more.
pub(in crate::web) fn resent(visit: Visit<'_>, email: &str) -> Response {
    see_other_naming(visit, "/verify/sent", email)
}

fn see_other_naming(visit: Visit<'_>, page: &str, email: &str) -> Response {
    let mut response = see_other(page);
    let value = BASE64_URL_SAFE_NO_PAD.encode(email);
    cookie::set(&mut response, visit.app, COOKIE, &value, Some(COOKIE_AGE));
    response
}

/// The address in the cookie, which anybody could have written.
fn named(visit: Visit<'_>) -> Option<String> {
    cookie::all(visit.request, visit.app, COOKIE).find_map(|value| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        let email = Email::parse(&String::from_utf8(bytes).ok()?).ok()?;
        Some(email.as_str().to_owned())
    })
}

/// Until when the mailbox is left alone. The page stands without an answer too.
async fn quiet_until(visit: Visit<'_>, email: Option<&str>) -> Option<String> {
    let quiet_until = unproven_mail::quiet_until(visit.app, email?).await;
    quiet_until.ok().flatten().map(when::moment)
}

fn correction(typed: &str) -> Field {
    Field::new("email", "Email", Kind::Email, "email").typed(typed)
}

/// `GET /register/done` once more, with what is wrong with the corrected address.
pub(in crate::web) async fn wrong_address(
    visit: Visit<'_>,
    verdict: Verdict,
    frame: Frame,
    account: Uuid,
    typed: Option<&str>,
) -> Result<Response> {
    let email = named(visit);
    let typed = typed.or(email.as_deref()).unwrap_or_default();
    let field = correction(typed).judged(frame.problem.as_ref());
    let page = SentPage {
        correction: Some((account, field)),
        frame,
        quiet_until: quiet_until(visit, email.as_deref()).await,
        email,
        is_new: true,
    };
    visit.page(verdict, &page)
}

/// `GET /register/done`
#[handler]
pub(in crate::web) async fn show_registered(visit: Visit<'_>) -> Result<Response> {
    let email = named(visit);
    let field = || correction(email.as_deref().unwrap_or_default());
    let page = SentPage {
        frame: visit.frame(visit.viewer().await?),
        correction: registered_account::id(visit).map(|account| (account, field())),
        quiet_until: quiet_until(visit, email.as_deref()).await,
        email,
        is_new: true,
    };
    visit.page(StatusCode::OK, &page)
}

/// `GET /verify/sent`
#[handler]
pub(in crate::web) async fn show_resent(visit: Visit<'_>) -> Result<Response> {
    let page = SentPage {
        frame: visit.frame(visit.viewer().await?),
        email: named(visit),
        // Whether an account waits there is not to be learned.
        quiet_until: None,
        is_new: false,
        correction: None,
    };
    visit.page(StatusCode::OK, &page)
}
