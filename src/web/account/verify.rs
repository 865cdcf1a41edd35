//! `/verify`: the link in the mail. Following it changes nothing, since mail scanners follow
//! links too; a button does.

use super::{registered_account, resend::ResendPage};
use crate::{
    Error, Result,
    services::{
        verification::{self, Verification},
        view::View,
    },
    web::kit::{
        flash::Flash,
        mail_token::{Link, LinkedPage},
        page::Frame,
        posted::Posted,
        problem::{Problem, Verdict},
        session::Viewer,
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};
use uuid::Uuid;

const PAGE: LinkedPage = LinkedPage {
    path: "/verify",
    cookie: "verify_token",
};

#[derive(Template)]
#[template(path = "account/verify.html")]
struct ConfirmPage {
    frame: Frame,
    username: String,
    token: String,
}

#[derive(Template)]
#[template(path = "account/verified.html")]
struct VerifiedPage {
    frame: Frame,
    username: String,
    /// Whether the account was made or is used in this browser, so its password is the person's own.
    is_known: bool,
}

#[derive(Template)]
#[template(path = "account/rejected.html")]
struct RejectedPage {
    frame: Frame,
}

/// `GET /verify`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>, Query(link): Query<Link>) -> Result<Response> {
    if let Some(token) = link.token {
        return Ok(PAGE.without_token_in_address(visit, &token));
    }
    page(visit, PAGE.token(visit), None).await
}

/// What there is to say about a token: a button to confirm, that it is done, or that the link
/// does not work.
async fn page(
    visit: Visit<'_>,
    token: String,
    problem: Option<(Verdict, Problem)>,
) -> Result<Response> {
    let (refused, problem) = problem.unzip();
    let verdict = refused.unwrap_or(StatusCode::OK.into());
    let link = named(&token);
    let read = async |view: View| Ok(verification::inspect(view, &link).await);
    let (viewer, linked) = visit.anybody(read).await?;
    let known = known_accounts(visit, viewer.as_ref());
    let frame = visit.frame(viewer).with(problem);
    match linked {
        Ok(account) if account.email_verified => {
            let page = VerifiedPage {
                frame,
                is_known: known.contains(&Some(account.id)),
                username: account.username,
            };
            visit.page(verdict, &page)
        }
        Ok(account) => {
            let username = account.username;
            let page = ConfirmPage {
                frame,
                username,
                token,
            };
            visit.page(verdict, &page)
        }
        Err(error @ Error::InvalidVerificationToken) => {
            let verdict = refused.unwrap_or(error.status().into());
            visit.page(verdict, &ResendPage::new(frame, "", true))
        }
        Err(error) => Err(error),
    }
}

/// The accounts that this browser is known to be of: the one that it registered, and the one in use.
fn known_accounts(visit: Visit<'_>, viewer: Option<&Viewer>) -> [Option<Uuid>; 2] {
    [
        registered_account::id(visit),
        viewer.map(|viewer| viewer.user_id),
    ]
}

fn named(token: &str) -> Verification {
    Verification {
        token: token.into(),
    }
}

/// `POST /verify`
#[handler]
pub(in crate::web) async fn confirm(
    visit: Visit<'_>,
    posted: Posted<Verification>,
) -> Result<Response> {
    let known = known_accounts(visit, visit.viewer().await?.as_ref());
    let verify = async |form: &Verification| {
        let is_known = |account| known.contains(&Some(account));
        verification::verify_in_browser(visit.app, form, is_known).await
    };
    let (form, outcome) = posted.then(verify).await;
    match outcome {
        Ok(_) => Ok(PAGE.without_token_in_address(visit, form.token.typed())),
        Err(error) => again(visit, &form, error).await,
    }
}

/// `POST /verify/reject`
#[handler]
pub(in crate::web) async fn reject(
    visit: Visit<'_>,
    posted: Posted<Verification>,
) -> Result<Response> {
    let reject = async |form: &Verification| verification::reject(visit.app, form).await;
    let (form, outcome) = posted.then(reject).await;
    match outcome {
        Ok(()) => {
            let mut response = Flash::Rejected.see_other(visit, "/verify/rejected");
            PAGE.forget(&mut response, visit);
            Ok(response)
        }
        Err(error) => again(visit, &form, error).await,
    }
}

/// `GET /verify/rejected`, right after it was
#[handler]
pub(in crate::web) async fn show_rejected(visit: Visit<'_>) -> Result<Response> {
    if !Flash::Rejected.is_of(visit) {
        return Ok(see_other("/"));
    }
    let frame = visit.frame(visit.viewer().await?);
    visit.page(StatusCode::OK, &RejectedPage { frame })
}

/// The page once more, with what is the matter unless the page itself says it.
async fn again(visit: Visit<'_>, form: &Verification, error: Error) -> Result<Response> {
    let problem = match error {
        Error::InvalidVerificationToken | Error::Validation(_) => None,
        // Nothing was typed, and the link stays good: the page would only fail once more.
        error if error.is_failure() => return Err(error),
        error => Some(visit.problem(error)?),
    };
    page(visit, form.token.typed().to_owned(), problem).await
}
