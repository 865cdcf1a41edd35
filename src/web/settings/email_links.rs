//! `/settings/email/confirm`, `/settings/email/restore` and `/settings/email/keep`: the links in the mails about a change
//! of address. They work without a log-in, and following them changes nothing: a button does.

use crate::{
    App, Error, Result,
    services::{emails, restoration, verification::Verification, view::View},
    web::kit::{
        flash::Flash,
        mail_token::{Link, LinkedPage},
        page::Frame,
        posted::Posted,
        problem::{Problem, Verdict},
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};

/// What a link does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Makes the new address that of the account.
    Confirm,
    /// Puts the old one back.
    Restore,
    /// Ends that possibility.
    Keep,
}

impl Act {
    fn page(self) -> LinkedPage {
        match self {
            Self::Confirm => LinkedPage {
                path: "/settings/email/confirm",
                cookie: "email_token",
            },
            Self::Restore => LinkedPage {
                path: "/settings/email/restore",
                cookie: "restore_token",
            },
            Self::Keep => LinkedPage {
                path: "/settings/email/keep",
                cookie: "keep_token",
            },
        }
    }

    /// The account's name, and the address that it would have.
    async fn inspect(self, view: View, link: &Verification) -> Result<(String, String)> {
        Ok(match self {
            Self::Confirm => {
                let waiting = emails::inspect(view, link).await?;
                (waiting.username, waiting.email)
            }
            Self::Restore => {
                let restorable = restoration::inspect(view, link).await?;
                (restorable.username, restorable.email)
            }
            Self::Keep => {
                let keepable = restoration::inspect_keeping(view, link).await?;
                (keepable.username, keepable.email)
            }
        })
    }

    async fn carry_out(self, app: &App, link: &Verification) -> Result<()> {
        match self {
            Self::Confirm => emails::confirm(app, link).await,
            Self::Restore => restoration::restore(app, link).await,
            Self::Keep => restoration::keep(app, link).await,
        }
    }

    /// Goes to the page that says that it is done.
    fn done(self, visit: Visit<'_>) -> Response {
        let mut response = match self {
            Self::Confirm => Flash::EmailChanged.see_other(visit, "/settings/email/changed"),
            Self::Restore => Flash::EmailRestored.see_other(visit, "/settings/email/restored"),
            Self::Keep => Flash::EmailKept.see_other(visit, "/settings/email/kept"),
        };
        self.page().forget(&mut response, visit);
        response
    }
}

#[derive(Template)]
#[template(path = "settings/email_link.html")]
struct LinkPage {
    frame: Frame,
    act: Act,
    /// Whether another account proved the address meanwhile.
    is_taken: bool,
    username: String,
    email: String,
    token: String,
}

/// For links that work no more, and for what was done with those that did.
#[derive(Template)]
#[template(path = "settings/email_done.html")]
struct DonePage {
    frame: Frame,
    /// Nothing: the link works no more.
    done: Option<Act>,
}

/// `GET /settings/email/confirm`
#[handler]
pub(in crate::web) async fn show_confirm(
    visit: Visit<'_>,
    Query(link): Query<Link>,
) -> Result<Response> {
    show(visit, Act::Confirm, link).await
}

/// `POST /settings/email/confirm`
#[handler]
pub(in crate::web) async fn confirm(
    visit: Visit<'_>,
    posted: Posted<Verification>,
) -> Result<Response> {
    submit(visit, Act::Confirm, posted).await
}

/// `GET /settings/email/restore`
#[handler]
pub(in crate::web) async fn show_restore(
    visit: Visit<'_>,
    Query(link): Query<Link>,
) -> Result<Response> {
    show(visit, Act::Restore, link).await
}

/// `POST /settings/email/restore`
#[handler]
pub(in crate::web) async fn restore(
    visit: Visit<'_>,
    posted: Posted<Verification>,
) -> Result<Response> {
    submit(visit, Act::Restore, posted).await
}

/// `GET /settings/email/keep`
#[handler]
pub(in crate::web) async fn show_keep(
    visit: Visit<'_>,
    Query(link): Query<Link>,
) -> Result<Response> {
    show(visit, Act::Keep, link).await
}

/// `POST /settings/email/keep`
#[handler]
pub(in crate::web) async fn keep(
    visit: Visit<'_>,
    posted: Posted<Verification>,
) -> Result<Response> {
    submit(visit, Act::Keep, posted).await
}

/// `GET /settings/email/kept`, right after it was
#[handler]
pub(in crate::web) async fn show_kept(visit: Visit<'_>) -> Result<Response> {
    if !Flash::EmailKept.is_of(visit) {
        return Ok(see_other("/settings"));
    }
    done_page(visit, StatusCode::OK, Some(Act::Keep)).await
}

/// `GET /settings/email/changed`, right after it was
#[handler]
pub(in crate::web) async fn show_changed(visit: Visit<'_>) -> Result<Response> {
    if !Flash::EmailChanged.is_of(visit) {
        return Ok(see_other("/settings"));
    }
    done_page(visit, StatusCode::OK, Some(Act::Confirm)).await
}

/// `GET /settings/email/restored`, right after it was
#[handler]
pub(in crate::web) async fn show_restored(visit: Visit<'_>) -> Result<Response> {
    if !Flash::EmailRestored.is_of(visit) {
        return Ok(see_other("/login"));
    }
    done_page(visit, StatusCode::OK, Some(Act::Restore)).await
}

async fn show(visit: Visit<'_>, act: Act, link: Link) -> Result<Response> {
    match link.token {
        Some(token) => Ok(act.page().without_token_in_address(visit, &token)),
        None => page(visit, act, act.page().token(visit), None).await,
    }
}

async fn submit(visit: Visit<'_>, act: Act, posted: Posted<Verification>) -> Result<Response> {
    let carry_out = async |form: &Verification| act.carry_out(visit.app, form).await;
    let (form, outcome) = posted.then(carry_out).await;
    match outcome {
        Ok(()) => Ok(act.done(visit)),
        Err(error @ Error::InvalidVerificationToken) => {
            done_page(visit, error.status(), None).await
        }
        Err(error) => {
            let problem = visit.problem(error)?;
            page(visit, act, form.token.typed().to_owned(), Some(problem)).await
        }
    }
}

/// What there is to say about a token: the button, why it did nothing, or that the link does not
/// work any more.
async fn page(
    visit: Visit<'_>,
    act: Act,
    token: String,
    problem: Option<(Verdict, Problem)>,
) -> Result<Response> {
    let (refused, problem) = problem.unzip();
    let link = Verification {
        token: token.as_str().into(),
    };
    let read = async |view: View| Ok(act.inspect(view, &link).await);
    let (viewer, linked) = visit.anybody(read).await?;
    let frame = visit.frame(viewer);
    match linked {
        Ok((username, email)) => {
            let is_taken = problem.as_ref().is_some_and(|it| it.is_about("email"));
            let page = LinkPage {
                // The page itself says it.
                frame: frame.with(problem.filter(|_| !is_taken)),
                act,
                is_taken,
                username,
                email,
                token,
            };
            visit.page(refused.unwrap_or(StatusCode::OK.into()), &page)
        }
        Err(error @ Error::InvalidVerificationToken) => {
            let verdict = refused.unwrap_or(error.status().into());
            visit.page(verdict, &DonePage { frame, done: None })
        }
        Err(error) => Err(error),
    }
}

async fn done_page(
    visit: Visit<'_>,
    verdict: impl Into<Verdict>,
    done: Option<Act>,
) -> Result<Response> {
    let frame = visit.frame(visit.viewer().await?);
    visit.page(verdict, &DonePage { frame, done })
}
