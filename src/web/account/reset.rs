//! `/reset-password`: the link in the mail. Following it changes nothing, since mail scanners
//! follow links too; the form does.

use super::{forgot::ForgotPage, new_password};
use crate::{
    Error, Result,
    domain::{Text, Token},
    services::{
        recovery::{self, Reset},
        view::View,
    },
    web::kit::{
        field::Field,
        flash::Flash,
        mail_token::{Link, LinkedPage},
        page::Frame,
        posted::Posted,
        problem::{Problem, Verdict},
        session,
        visit::Visit,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};

const PAGE: LinkedPage = LinkedPage {
    path: "/reset-password",
    cookie: "reset_token",
};

#[derive(Template)]
#[template(path = "account/reset.html")]
struct ResetPage {
    frame: Frame,
    username: String,
    token: String,
    password: Field,
}

/// `GET /reset-password`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>, Query(link): Query<Link>) -> Result<Response> {
    match link.token {
        Some(token) => Ok(PAGE.without_token_in_address(visit, &token)),
        None => page(visit, &PAGE.token(visit), None).await,
    }
}

/// `POST /reset-password`
#[handler]
pub(in crate::web) async fn submit(visit: Visit<'_>, posted: Posted<Reset>) -> Result<Response> {
    let device = Token::random().map_err(Error::internal)?;
    let hash = device.hash();
    let reset = async |form: &Reset| recovery::reset(visit.app, form, Some(&hash)).await;
    let (form, outcome) = posted.then(reset).await;
    let problem = match outcome {
        Ok(()) => {
            let mut response = Flash::PasswordSet.see_other(visit, "/login");
            PAGE.forget(&mut response, visit);
            session::keep_device(visit.request, device);
            return Ok(response);
        }
        // The page itself says it.
        Err(Error::InvalidResetToken) => None,
        Err(error) => Some(visit.problem(error)?),
    };
    page(visit, form.token.typed(), problem).await
}

/// What there is to say about a token: a form for the new password, or that the link does not
/// work.
async fn page(
    visit: Visit<'_>,
    token: &str,
    problem: Option<(Verdict, Problem)>,
) -> Result<Response> {
    let (refused, problem) = problem.unzip();
    let link = Text::from(token);
    let read = async |view: View| Ok(recovery::inspect(view, &link).await);
    let (viewer, linked) = visit.anybody(read).await?;
    let frame = visit.frame(viewer);
    match linked {
        Ok(username) => {
            let page = ResetPage {
                username,
                token: token.to_owned(),
                password: new_password::field("password", "Password").judged(problem.as_ref()),
                frame: frame.with(problem),
            };
            visit.page(refused.unwrap_or(StatusCode::OK.into()), &page)
        }
        Err(error @ Error::InvalidResetToken) => {
            visit.page(error.status(), &ForgotPage::new(frame, "", true))
        }
        Err(error) => Err(error),
    }
}
