//! `/forgot-password`: asking for a link that sets a new password.

use crate::{
    Result,
    domain::Email,
    error::FieldErrors,
    services::recovery::{self, Forgot},
    web::kit::{
        field::{Field, Kind},
        page::Frame,
        posted::Posted,
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};

#[derive(Template)]
#[template(path = "account/forgot.html")]
pub(in crate::web) struct ForgotPage {
    frame: Frame,
    /// Whether the person comes with a link that does not work.
    is_broken_link: bool,
    email: Field,
}

impl ForgotPage {
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

/// Names no address: it is the same page for everybody who asks.
#[derive(Template)]
#[template(path = "account/reset_sent.html")]
struct SentPage {
    frame: Frame,
}

/// `GET /forgot-password`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> Result<Response> {
    let frame = visit.frame(visit.viewer().await?);
    visit.page(StatusCode::OK, &ForgotPage::new(frame, "", false))
}

/// `POST /forgot-password`
#[handler]
pub(in crate::web) async fn submit(visit: Visit<'_>, posted: Posted<Forgot>) -> Result<Response> {
    let forgot = async |form: &Forgot| {
        // The service answers the same to every text; to a person a slip is worth telling.
        Email::parse(form.email.typed()).map_err(|broken| FieldErrors::one("email", broken))?;
        recovery::forgot(visit.app, form).await
    };
    let (typed, outcome) = posted.then(forgot).await;
    match outcome {
        Ok(()) => Ok(see_other("/forgot-password/sent")),
        Err(error) => {
            let (verdict, frame) = visit.frame_after(error).await?;
            visit.page(verdict, &ForgotPage::new(frame, typed.email.typed(), false))
        }
    }
}

/// `GET /forgot-password/sent`
#[handler]
pub(in crate::web) async fn show_sent(visit: Visit<'_>) -> Result<Response> {
    let frame = visit.frame(visit.viewer().await?);
    visit.page(StatusCode::OK, &SentPage { frame })
}
