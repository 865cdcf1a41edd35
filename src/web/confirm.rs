//! `/settings/confirm`: asks for the password before a sensitive page, then goes on to it.

use super::{
    csrf::Posted,
    field::{Field, Kind},
    next::LocalPath,
    page::Frame,
    session::Viewer,
    settings,
    visit::{SignedIn, Visit, see_other},
};
use crate::{
    Error, Result,
    error::FieldErrors,
    services::{
        profiles,
        reauthentication::{self, Confirmation, INCORRECT},
    },
};
use askama::Template;
use poem::{FromRequest, Request, RequestBody, Response, handler, http::StatusCode, web::Query};
use serde::{Deserialize, Serialize};

/// The person that is signed in and entered their password lately, for the page of a sensitive
/// change. Who did not is asked for it, and then led on to the page.
pub(super) struct Recent(pub(super) Viewer);

impl<'a> FromRequest<'a> for Recent {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let SignedIn(viewer) = SignedIn::from_request(request, body).await?;
        if reauthentication::is_recent(Visit::of(request)?.app, viewer.session_id).await? {
            return Ok(Self(viewer));
        }
        let ask = see_other(&LocalPath::of(request).after_confirming());
        Err(poem::Error::from_response(ask))
    }
}

impl Visit<'_> {
    /// Asks for the password after a form was refused with `ReauthenticationRequired`, and leads
    /// on to the form's page, which finds what was typed as its draft.
    pub(super) fn to_confirm_with(
        self,
        viewer: Option<&Viewer>,
        form: &'static str,
        typed: &impl Serialize,
    ) -> Result<Response> {
        let place = LocalPath::parse(form).unwrap_or_default();
        let mut response = see_other(&place.after_confirming());
        if let Some(viewer) = viewer {
            self.keep_draft(&mut response, viewer.user_id, form, typed)?;
        }
        Ok(response)
    }

    /// The address of who looks at a page, for password managers; none after a failure.
    pub(super) async fn email_of(self, frame: &Frame) -> Result<Option<String>> {
        let Some(viewer) = &frame.viewer else {
            return Ok(None);
        };
        Ok(Some(profiles::own(self.app, viewer.user_id).await?.email))
    }
}

#[derive(Template)]
#[template(path = "settings/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    /// The page that it is for, if it is one of the settings.
    what_for: Option<&'static str>,
    /// The name that a password manager knows the account by; none after a failure.
    email: Option<String>,
    password: Field,
    next: LocalPath,
}

impl ConfirmPage {
    async fn new(visit: Visit<'_>, frame: Frame, next: &LocalPath) -> Result<Self> {
        let password = Field::new("password", "Password", Kind::Password, "current-password");
        Ok(Self {
            what_for: settings::name_of(next),
            email: visit.email_of(&frame).await?,
            password: password.judged(frame.problem.as_ref()),
            next: next.clone(),
            frame,
        })
    }
}

/// The form; its page has `next` in the query.
#[derive(Deserialize)]
struct Confirmed {
    #[serde(flatten)]
    confirmation: Confirmation,
    #[serde(default)]
    next: LocalPath,
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: LocalPath,
}

/// `GET /settings/confirm`
#[handler]
pub(super) async fn show(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    Query(asked): Query<Next>,
) -> Result<Response> {
    if reauthentication::is_recent(visit.app, viewer.session_id).await? {
        return Ok(see_other(asked.next.as_str()));
    }
    let page = ConfirmPage::new(visit, visit.frame(Some(viewer)), &asked.next).await?;
    visit.page(StatusCode::OK, &page)
}

/// `POST /settings/confirm`
#[handler]
pub(super) async fn submit(visit: Visit<'_>, posted: Posted<Confirmed>) -> Result<Response> {
    let confirm = async |viewer: &Viewer, form: &Confirmed| {
        let (user_id, session_id) = (viewer.user_id, viewer.session_id);
        reauthentication::confirm(visit.app, user_id, session_id, &form.confirmation).await
    };
    let (viewer, typed, outcome) = posted.then_as_viewer(visit, confirm).await;
    let error = match outcome {
        Ok(()) => return Ok(see_other(typed.next.as_str())),
        // A log-in is what is missing, and asks for the password too.
        Err(Error::Unauthenticated) => return Ok(visit.to_login_from(&typed.next)),
        Err(error) => error,
    };
    let is_wrong = matches!(&error, Error::Validation(fields) if is_incorrect(fields));
    let (verdict, frame) = visit.frame_refusing(viewer, error)?;
    let verdict = if is_wrong {
        StatusCode::UNAUTHORIZED.into()
    } else {
        verdict
    };
    visit.page(verdict, &ConfirmPage::new(visit, frame, &typed.next).await?)
}

fn is_incorrect(fields: &FieldErrors) -> bool {
    fields.entries().iter().any(|field| field.code == INCORRECT)
}
