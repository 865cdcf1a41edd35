//! `/settings/password`: changing one's password.

use super::{
    csrf::Posted,
    field::{Field, Kind},
    new_password,
    page::Frame,
    problem::{Problem, Verdict},
    session::Viewer,
    visit::{SignedIn, Visit, see_other},
};
use crate::{
    Error, Result,
    services::{
        passwords::{self, PasswordChange},
        profiles,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};

#[derive(Template)]
#[template(path = "settings/password.html")]
struct PasswordPage {
    frame: Frame,
    /// The name that a password manager knows the account by.
    email: String,
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
pub(super) async fn show(visit: Visit<'_>, SignedIn(viewer): SignedIn) -> Result<Response> {
    page(visit, viewer, StatusCode::OK.into(), None).await
}

async fn page(
    visit: Visit<'_>,
    viewer: Viewer,
    verdict: Verdict,
    problem: Option<Problem>,
) -> Result<Response> {
    let (name, label) = ("current_password", "Current password");
    let current = Field::new(name, label, Kind::Password, "current-password");
    let new = new_password::field("password", "New password");
    let page = PasswordPage {
        email: profiles::own(visit.app, viewer.user_id).await?.email,
        current: current.judged(problem.as_ref()),
        new: new.judged(problem.as_ref()),
        frame: visit.frame(Some(viewer)).with(problem),
    };
    visit.page(verdict, &page)
}

/// `POST /settings/password`
#[handler]
pub(super) async fn save(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    posted: Posted<PasswordChange>,
) -> Result<Response> {
    let (user_id, session_id) = (viewer.user_id, viewer.session_id);
    let change =
        async |form: &PasswordChange| passwords::change(visit.app, user_id, session_id, form).await;
    match posted.then(change).await.1 {
        Ok(()) => Ok(see_other("/settings/password/changed")),
        // The session ended in this very moment.
        Err(Error::Unauthenticated) => Ok(visit.to_login()),
        Err(error) => {
            let (verdict, problem) = visit.problem(error)?;
            page(visit, viewer, verdict, Some(problem)).await
        }
    }
}

/// `GET /settings/password/changed`
#[handler]
pub(super) fn show_changed(visit: Visit<'_>, SignedIn(viewer): SignedIn) -> Result<Response> {
    let frame = visit.frame(Some(viewer));
    visit.page(StatusCode::OK, &ChangedPage { frame })
}
