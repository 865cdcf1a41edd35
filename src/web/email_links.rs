//! `/settings/email/confirm` and `/settings/email/restore`: the links in the mails about a change
//! of address. They work without a log-in, and following them changes nothing: a button does.

use super::{
    csrf::Posted,
    link::{Link, LinkedPage},
    page::Frame,
    problem::{Problem, Verdict},
    visit::{Visit, see_other},
};
use crate::{
    Error, Result,
    services::{emails, restoration, verification::Verification},
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};

const CONFIRM: LinkedPage = LinkedPage {
    path: "/settings/email/confirm",
    cookie: "email_token",
};
const RESTORE: LinkedPage = LinkedPage {
    path: "/settings/email/restore",
    cookie: "restore_token",
};

#[derive(Template)]
#[template(path = "settings/email_confirm.html")]
struct ConfirmPage {
    frame: Frame,
    username: String,
    email: String,
    token: String,
}

#[derive(Template)]
#[template(path = "settings/email_restore.html")]
struct RestorePage {
    frame: Frame,
    username: String,
    email: String,
    token: String,
}

/// For links that work no more, and for what was done with those that did.
#[derive(Template)]
#[template(path = "settings/email_done.html")]
struct DonePage {
    frame: Frame,
    done: Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Changed,
    Restored,
    /// Nothing: the link works no more.
    Nothing,
}

/// `GET /settings/email/confirm`
#[handler]
pub(super) async fn show_confirm(visit: Visit<'_>, Query(link): Query<Link>) -> Result<Response> {
    match link.token {
        Some(token) => Ok(CONFIRM.without_token_in_address(visit, &token)),
        None => confirm_page(visit, CONFIRM.token(visit), None).await,
    }
}

async fn confirm_page(
    visit: Visit<'_>,
    token: String,
    problem: Option<(Verdict, Problem)>,
) -> Result<Response> {
    match emails::inspect(visit.app, &named(&token)).await {
        Ok(waiting) => {
            let (verdict, frame) = frame(visit, problem).await?;
            let page = ConfirmPage {
                frame,
                username: waiting.username,
                email: waiting.email,
                token,
            };
            visit.page(verdict, &page)
        }
        Err(error) => useless(visit, error, problem).await,
    }
}

/// `POST /settings/email/confirm`
#[handler]
pub(super) async fn confirm(visit: Visit<'_>, posted: Posted<Verification>) -> Result<Response> {
    let confirm = async |form: &Verification| emails::confirm(visit.app, form).await;
    let (form, outcome) = posted.then(confirm).await;
    match outcome {
        Ok(()) => Ok(done(visit, &CONFIRM, "/settings/email/changed")),
        Err(Error::InvalidVerificationToken) => {
            useless(visit, Error::InvalidVerificationToken, None).await
        }
        Err(error) => {
            let problem = visit.problem(error)?;
            confirm_page(visit, form.token.typed().to_owned(), Some(problem)).await
        }
    }
}

/// `GET /settings/email/restore`
#[handler]
pub(super) async fn show_restore(visit: Visit<'_>, Query(link): Query<Link>) -> Result<Response> {
    match link.token {
        Some(token) => Ok(RESTORE.without_token_in_address(visit, &token)),
        None => restore_page(visit, RESTORE.token(visit), None).await,
    }
}

async fn restore_page(
    visit: Visit<'_>,
    token: String,
    problem: Option<(Verdict, Problem)>,
) -> Result<Response> {
    match restoration::inspect(visit.app, &named(&token)).await {
        Ok(restorable) => {
            let (verdict, frame) = frame(visit, problem).await?;
            let page = RestorePage {
                frame,
                username: restorable.username,
                email: restorable.email,
                token,
            };
            visit.page(verdict, &page)
        }
        Err(error) => useless(visit, error, problem).await,
    }
}

/// `POST /settings/email/restore`
#[handler]
pub(super) async fn restore(visit: Visit<'_>, posted: Posted<Verification>) -> Result<Response> {
    let restore = async |form: &Verification| restoration::restore(visit.app, form).await;
    let (form, outcome) = posted.then(restore).await;
    match outcome {
        Ok(()) => Ok(done(visit, &RESTORE, "/settings/email/restored")),
        Err(Error::InvalidVerificationToken) => {
            useless(visit, Error::InvalidVerificationToken, None).await
        }
        Err(error) => {
            let problem = visit.problem(error)?;
            restore_page(visit, form.token.typed().to_owned(), Some(problem)).await
        }
    }
}

/// `GET /settings/email/changed`
#[handler]
pub(super) async fn show_changed(visit: Visit<'_>) -> Result<Response> {
    done_page(visit, StatusCode::OK, Done::Changed).await
}

/// `GET /settings/email/restored`
#[handler]
pub(super) async fn show_restored(visit: Visit<'_>) -> Result<Response> {
    done_page(visit, StatusCode::OK, Done::Restored).await
}

async fn frame(visit: Visit<'_>, problem: Option<(Verdict, Problem)>) -> Result<(Verdict, Frame)> {
    let (verdict, problem) = problem.unzip();
    let frame = visit.frame(visit.viewer().await?).with(problem);
    Ok((verdict.unwrap_or(StatusCode::OK.into()), frame))
}

async fn done_page(visit: Visit<'_>, verdict: impl Into<Verdict>, done: Done) -> Result<Response> {
    let frame = visit.frame(visit.viewer().await?);
    visit.page(verdict, &DonePage { frame, done })
}

/// The page for a link that works no more, whatever else was wrong with the form.
async fn useless(
    visit: Visit<'_>,
    error: Error,
    problem: Option<(Verdict, Problem)>,
) -> Result<Response> {
    if !matches!(error, Error::InvalidVerificationToken) {
        return Err(error);
    }
    let verdict = problem.map_or(error.status().into(), |(verdict, _)| verdict);
    done_page(visit, verdict, Done::Nothing).await
}

fn done(visit: Visit<'_>, link: &LinkedPage, page: &str) -> Response {
    let mut response = see_other(page);
    link.forget(&mut response, visit);
    response
}

fn named(token: &str) -> Verification {
    Verification {
        token: token.into(),
    }
}
