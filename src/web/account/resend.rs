//! `/verify/resend`: the link that proves an address, once more.

use super::check_your_mail;
use crate::{
    Result,
    domain::Email,
    error::FieldErrors,
    services::verification::{self, Resend},
    web::kit::{
        field::{Field, Kind},
        page::Frame,
        posted::Posted,
        visit::Visit,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};

#[derive(Template)]
#[template(path = "account/resend.html")]
pub(in crate::web) struct ResendPage {
    frame: Frame,
    /// Whether the person comes with a link that does not work.
    is_broken_link: bool,
    email: Field,
}

impl ResendPage {
    pub(in crate::web) fn new(frame: Frame, typed: &str, is_broken_link: bool) -> Self {
        let email = Field::new("email", "Email", Kind::Email, "email")
            .typed(typed)
            .judged(frame.problem.as_ref());
        Self {
            frame,
            is_broken_link,
            email,
        }
    }
}

/// `GET /verify/resend`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> Result<Response> {
    let frame = visit.frame(visit.viewer().await?);
    visit.page(StatusCode::OK, &ResendPage::new(frame, "", false))
}

/// `POST /verify/resend`
#[handler]
pub(in crate::web) async fn submit(visit: Visit<'_>, posted: Posted<Resend>) -> Result<Response> {
    let resend = async |form: &Resend| {
        // The service answers the same to every text; to a person a slip is worth telling.
        Email::parse(form.email.typed()).map_err(|broken| FieldErrors::one("email", broken))?;
        verification::resend(visit.app, form).await
    };
    let (typed, outcome) = posted.then(resend).await;
    match outcome {
        Ok(()) => Ok(check_your_mail::resent(visit, typed.email.typed().trim())),
        Err(error) => {
            let (verdict, problem) = visit.problem(error)?;
            let frame = visit.frame(None).with(Some(problem));
            visit.page(verdict, &ResendPage::new(frame, typed.email.typed(), false))
        }
    }
}
