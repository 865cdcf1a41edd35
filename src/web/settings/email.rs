//! `/settings/email`: asking for another e-mail address.

use crate::{
    Error, Result,
    services::emails::{self, EmailChange, Waiting},
    web::kit::{
        field::{Field, Kind},
        page::Frame,
        posted::{NoFields, Posted},
        session::Viewer,
        visit::{Visit, see_other},
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
    /// The address now; none after a failure.
    current: Option<String>,
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

impl Texts {
    fn of(form: &EmailChange) -> Self {
        Self {
            email: form.email.typed().to_owned(),
        }
    }
}

/// `GET /settings/email`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, addresses) = visit.recent(emails::addresses).await?;
    let draft: Option<Texts> = visit.draft(viewer.user_id, FORM);
    let is_restored = draft.is_some();
    let typed = draft.unwrap_or_default().email;
    let frame = visit.frame(Some(viewer));
    let page = EmailPage {
        is_restored,
        ..EmailPage::new(frame, Some(addresses), &typed)
    };
    let mut response = visit.page(StatusCode::OK, &page)?;
    if is_restored {
        visit.forget_draft(&mut response);
    }
    Ok(response)
}

impl EmailPage {
    fn new(frame: Frame, addresses: Option<(String, Option<Waiting>)>, typed: &str) -> Self {
        let (current, waiting) = addresses.unzip();
        Self {
            current,
            waiting: waiting.flatten(),
            is_restored: false,
            email: Field::new("email", "New email", Kind::Email, "email")
                .hint("We send a link to this address to check that it is yours.")
                .typed(typed)
                .judged(frame.problem.as_ref()),
            frame,
        }
    }
}

async fn refused(
    visit: Visit<'_>,
    viewer: Option<Viewer>,
    typed: Option<EmailChange>,
    error: Error,
) -> Result<Response> {
    let (verdict, frame) = visit.frame_refusing(viewer, error)?;
    let addresses = visit.beside(&frame, emails::addresses).await?;
    let typed = typed.unwrap_or_default();
    let page = EmailPage::new(frame, addresses, typed.email.typed());
    visit.page(verdict, &page)
}

/// `POST /settings/email`
#[handler]
pub(in crate::web) async fn save(
    visit: Visit<'_>,
    posted: Posted<EmailChange>,
) -> Result<Response> {
    let request = async |viewer: &Viewer, form: &EmailChange| {
        emails::request(visit.app, viewer.user_id, viewer.session_id, form).await
    };
    let (viewer, posted, outcome) = posted.then_as_viewer(visit, request).await;
    match outcome {
        Ok(()) => Ok(see_other(FORM)),
        Err(Error::Unauthenticated) => visit.to_login_with(FORM, posted, Texts::of),
        Err(Error::ReauthenticationRequired) => {
            visit.to_confirm_with(viewer, FORM, posted, Texts::of)
        }
        Err(error) => refused(visit, viewer, posted.typed(), error).await,
    }
}

/// `POST /settings/email/cancel`
#[handler]
pub(in crate::web) async fn cancel(visit: Visit<'_>, posted: Posted<NoFields>) -> Result<Response> {
    let cancel = async |viewer: &Viewer, _: &NoFields| {
        emails::cancel(visit.app, viewer.user_id, viewer.session_id).await
    };
    let (viewer, _, outcome) = posted.then_as_viewer(visit, cancel).await;
    match outcome {
        Ok(()) => Ok(see_other("/settings")),
        Err(Error::Unauthenticated) => Ok(visit.to_login()),
        Err(error) => refused(visit, viewer, None, error).await,
    }
}
