//! `/settings/email`: asking for another e-mail address.

use super::{
    confirm::Recent,
    csrf::{NoFields, Posted},
    field::{Field, Kind},
    page::Frame,
    problem::Problem,
    session::Viewer,
    visit::{SignedIn, Visit, see_other},
};
use crate::{
    Error, Result,
    services::{
        emails::{self, EmailChange, Waiting},
        profiles,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};
use serde::{Deserialize, Serialize};

const FORM: &str = "/settings/email";

#[derive(Template)]
#[template(path = "settings/email.html")]
struct EmailPage {
    frame: Frame,
    /// The address now.
    current: String,
    /// The change that waits for the new address to prove itself.
    waiting: Option<Waiting>,
    /// Whether it holds what was typed before the password was asked for.
    is_restored: bool,
    email: Field,
}

/// The form's text, as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct Texts {
    email: String,
}

/// `GET /settings/email`
#[handler]
pub(super) async fn show(visit: Visit<'_>, Recent(viewer): Recent) -> Result<Response> {
    let draft: Option<Texts> = visit.draft(viewer.user_id, FORM);
    let is_restored = draft.is_some();
    let page = EmailPage {
        is_restored,
        ..page(visit, viewer, &draft.unwrap_or_default().email, None).await?
    };
    let mut response = visit.page(StatusCode::OK, &page)?;
    if is_restored {
        visit.forget_draft(&mut response);
    }
    Ok(response)
}

async fn page(
    visit: Visit<'_>,
    viewer: Viewer,
    typed: &str,
    problem: Option<Problem>,
) -> Result<EmailPage> {
    Ok(EmailPage {
        current: profiles::own(visit.app, viewer.user_id).await?.email,
        waiting: emails::waiting(visit.app, viewer.user_id).await?,
        is_restored: false,
        email: Field::new("email", "New email", Kind::Email, "email")
            .hint("We send a link to this address to check that it is yours.")
            .typed(typed)
            .judged(problem.as_ref()),
        frame: visit.frame(Some(viewer)).with(problem),
    })
}

/// `POST /settings/email`
#[handler]
pub(super) async fn save(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    posted: Posted<EmailChange>,
) -> Result<Response> {
    let (user_id, session_id) = (viewer.user_id, viewer.session_id);
    let request =
        async |form: &EmailChange| emails::request(visit.app, user_id, session_id, form).await;
    let (form, outcome) = posted.then(request).await;
    let typed = form.email.typed();
    match outcome {
        Ok(()) => Ok(see_other(FORM)),
        Err(Error::ReauthenticationRequired) => {
            let email = typed.to_owned();
            visit.to_confirm_with(&viewer, FORM, &Texts { email })
        }
        Err(error) => {
            let (verdict, problem) = visit.problem(error)?;
            visit.page(verdict, &page(visit, viewer, typed, Some(problem)).await?)
        }
    }
}

/// `POST /settings/email/cancel`
#[handler]
pub(super) async fn cancel(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    posted: Posted<NoFields>,
) -> Result<Response> {
    let cancel = async |_: &NoFields| emails::cancel(visit.app, viewer.user_id).await;
    match posted.then(cancel).await.1 {
        Ok(()) => Ok(see_other("/settings")),
        Err(error) => {
            let (verdict, problem) = visit.problem(error)?;
            visit.page(verdict, &page(visit, viewer, "", Some(problem)).await?)
        }
    }
}
