//! `/settings/password`: changing one's password.

use crate::{
    Error, Result,
    domain::{Profile, Token},
    services::{
        passwords::{self, PasswordChange},
        people,
    },
    web::{
        account::new_password,
        kit::{
            field::{Field, Kind},
            flash::Flash,
            page::Frame,
            posted::Posted,
            problem::Verdict,
            session::{self, Viewer},
            visit::{SignedIn, Visit, see_other},
        },
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};

#[derive(Template)]
#[template(path = "settings/password.html")]
struct PasswordPage {
    frame: Frame,
    /// The name that a password manager knows the account by; none after a failure.
    email: Option<String>,
    current: Field,
    new: Field,
}

#[derive(Template)]
#[template(path = "settings/password_changed.html")]
struct ChangedPage {
    frame: Frame,
}

/// `GET /settings/password`. The present password is asked for on the page itself.
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, own) = visit.signed_in(people::of_viewer).await?;
    let frame = visit.frame(Some(viewer));
    Ok(page(visit, StatusCode::OK.into(), frame, Some(own))?)
}

fn page(
    visit: Visit<'_>,
    verdict: Verdict,
    frame: Frame,
    own: Option<Profile>,
) -> Result<Response> {
    let (name, label) = ("current_password", "Current password");
    let current = Field::new(name, label, Kind::Password, "current-password");
    let new = new_password::field("password", "New password");
    let page = PasswordPage {
        email: own.map(|own| own.email),
        current: current.judged(frame.problem.as_ref()),
        new: new.judged(frame.problem.as_ref()),
        frame,
    };
    visit.page(verdict, &page)
}

/// `POST /settings/password`
#[handler]
pub(in crate::web) async fn save(
    visit: Visit<'_>,
    posted: Posted<PasswordChange>,
) -> Result<Response> {
    let device = Token::random().map_err(Error::internal)?;
    let hash = device.hash();
    let change = async |viewer: &Viewer, form: &PasswordChange| {
        let Viewer {
            user_id,
            session_id,
            ..
        } = *viewer;
        passwords::change(visit.app, user_id, session_id, form, Some(&hash)).await
    };
    let (viewer, _, outcome) = posted.then_as_viewer(visit, change).await;
    match outcome {
        Ok(()) => {
            session::keep_device(visit.request, device);
            Ok(Flash::PasswordChanged.see_other(visit, "/settings/password/changed"))
        }
        Err(Error::Unauthenticated) => Ok(visit.to_login()),
        Err(error) => {
            let (verdict, frame) = visit.frame_refusing(viewer, error)?;
            let own = visit.beside(&frame, people::of_viewer).await?;
            page(visit, verdict, frame, own)
        }
    }
}

/// `GET /settings/password/changed`, right after it was
#[handler]
pub(in crate::web) fn show_changed(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
) -> Result<Response> {
    if !Flash::PasswordChanged.is_of(visit) {
        return Ok(see_other("/settings"));
    }
    let frame = visit.frame(Some(viewer));
    visit.page(StatusCode::OK, &ChangedPage { frame })
}
