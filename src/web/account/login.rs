//! `/login` and `/logout`.

use crate::{
    Error, Result,
    services::sessions::{self, Credentials},
    web::kit::{
        field::{Field, Kind},
        flash::Flash,
        page::Frame,
        posted::{NoFields, Posted},
        problem::Problem,
        return_to::LocalPath,
        session::{self, Viewer},
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler, web::Query};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "account/login.html")]
struct LoginPage {
    frame: Frame,
    email: Field,
    password: Field,
    /// Where to go afterwards.
    next: LocalPath,
    /// Whether a new password was just set with a link.
    has_new_password: bool,
    /// The address to send the link to once more.
    unverified: Option<String>,
}

impl LoginPage {
    fn new(visit: Visit<'_>, typed: &LogIn, problem: Option<Problem>) -> Self {
        let email = typed.credentials.email.typed();
        Self {
            email: Field::new("email", "Email", Kind::Email, "username")
                .typed(email)
                .judged(problem.as_ref()),
            password: Field::new("password", "Password", Kind::Password, "current-password")
                .judged(problem.as_ref()),
            frame: visit.frame(None).with(problem),
            next: typed.next.clone(),
            has_new_password: Flash::PasswordSet.is_of(visit),
            unverified: None,
        }
    }
}

#[derive(Template)]
#[template(path = "account/log_out.html")]
struct LogOutPage {
    frame: Frame,
}

/// The log-in form; its page has `next` in the query.
#[derive(Default, Deserialize)]
struct LogIn {
    #[serde(flatten)]
    credentials: Credentials,
    #[serde(default)]
    next: LocalPath,
}

/// `GET /login`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>, Query(asked): Query<Next>) -> Result<Response> {
    let has_new_password = Flash::PasswordSet.is_of(visit);
    // Who set a password for another account than the one in use has to hear of it too.
    if visit.viewer().await?.is_some() && !has_new_password {
        return Ok(see_other(asked.next.as_str()));
    }
    let empty = LogIn {
        next: asked.next,
        ..LogIn::default()
    };
    let mut response = visit.account_page(&LoginPage::new(visit, &empty, None))?;
    if has_new_password {
        Flash::forget(&mut response, visit);
    }
    Ok(response)
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: LocalPath,
}

/// `POST /login`
#[handler]
pub(in crate::web) async fn submit(visit: Visit<'_>, posted: Posted<LogIn>) -> Result<Response> {
    let log_in = async |form: &LogIn| {
        let logged_in = sessions::log_in(visit.app, &form.credentials).await?;
        let (user_id, kept) = (logged_in.user_id, logged_in.kept);
        let is_known = logged_in.is_device_known;
        session::start(visit.app, visit.request, logged_in).await?;
        let email = form.credentials.email.typed();
        session::know_device(visit.app, visit.request, user_id, email, is_known).await?;
        Ok(kept)
    };
    let (typed, outcome) = posted.then(log_in).await;
    match outcome {
        Ok(true) => Ok(Flash::Kept.see_other(visit, &typed.next.after_keeping())),
        Ok(false) => Ok(see_other(typed.next.as_str())),
        Err(error) => refused(visit, &typed, error),
    }
}

fn refused(visit: Visit<'_>, typed: &LogIn, error: Error) -> Result<Response> {
    let is_unverified = matches!(error, Error::EmailNotVerified);
    let (verdict, problem) = visit.problem(error)?;
    let mut page = LoginPage::new(visit, typed, Some(problem));
    let email = typed.credentials.email.typed().trim();
    page.unverified = is_unverified.then(|| email.to_owned());
    visit.page(verdict, &page)
}

/// `POST /logout`
#[handler]
pub(in crate::web) async fn log_out(
    visit: Visit<'_>,
    posted: Posted<NoFields>,
) -> Result<Response> {
    let end = async || session::end(visit.app, visit.request).await;
    let end_theirs = async |_: &Viewer, _: &NoFields| end().await;
    let (viewer, posted, outcome) = posted.then_as_viewer(visit, end_theirs).await;
    let outcome = match outcome {
        // Of a session that is over, its cookies are left.
        Err(Error::Unauthenticated) => match posted.proven() {
            Ok(_) => end().await,
            Err(error) => Err(error),
        },
        outcome => outcome,
    };
    match outcome {
        Ok(()) => Ok(see_other("/")),
        Err(error) => {
            let (verdict, frame) = visit.frame_refusing(viewer, error)?;
            visit.page(verdict, &LogOutPage { frame })
        }
    }
}
