//! `/register`: making an account.

use super::{check_your_mail, new_password, registered_account};
use crate::{
    Error, Result,
    domain::Text,
    error::FieldErrors,
    services::accounts::{self, Registration},
    web::kit::{
        field::{Field, Kind},
        page::Frame,
        posted::Posted,
        problem::Problem,
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};
use serde::Deserialize;

const CHECK: &str = "/register/check";

#[derive(Template)]
#[template(path = "account/register.html")]
struct RegisterPage {
    frame: Frame,
    email: Field,
    username: Field,
    password: Field,
}

impl RegisterPage {
    fn new(visit: Visit<'_>, typed: &Registration, problem: Option<Problem>) -> Self {
        let judged = |field: Field| field.judged(problem.as_ref());
        Self {
            email: judged(email(&typed.email)),
            username: judged(username(&typed.username)),
            password: judged(new_password::field("password", "Password")),
            frame: visit.frame(None).with(problem),
        }
    }
}

fn email(typed: &Text) -> Field {
    Field::new("email", "Email", Kind::Email, "email")
        .hint("We send a link to this address to check that it is yours.")
        .typed(typed.typed())
        .checked_at(CHECK)
}

fn username(typed: &Text) -> Field {
    Field::new("username", "Username", Kind::Handle, "username")
        .hint("3 to 30 letters, digits, dots or underscores. Everybody sees it.")
        .typed(typed.typed())
        .checked_at(CHECK)
}

/// `GET /register`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> Result<Response> {
    if visit.viewer().await?.is_some() {
        return Ok(see_other("/timeline"));
    }
    visit.account_page(&RegisterPage::new(visit, &Registration::default(), None))
}

/// `POST /register`
#[handler]
pub(in crate::web) async fn submit(
    visit: Visit<'_>,
    posted: Posted<Registration>,
) -> Result<Response> {
    let register = async |form: &Registration| accounts::register(visit.app, form).await;
    let (typed, outcome) = posted.then(register).await;
    match outcome {
        Ok(registered) => {
            let mut response = check_your_mail::registered(visit, &registered.email);
            registered_account::remember(&mut response, visit, registered.id)?;
            Ok(response)
        }
        Err(error) => {
            let (verdict, problem) = visit.problem(error)?;
            visit.page(verdict, &RegisterPage::new(visit, &typed, Some(problem)))
        }
    }
}

/// The form as far as it is filled in, and the field that was left.
#[derive(Default, Deserialize)]
struct HalfFilled {
    field: String,
    #[serde(flatten)]
    registration: Registration,
}

/// `POST /register/check`: the field that a person just left, with what is wrong with it. Asks
/// no database: whether a name is taken is said after the form was sent.
#[handler]
pub(in crate::web) async fn check(
    visit: Visit<'_>,
    posted: Posted<HalfFilled>,
) -> Result<Response> {
    let judge = async |form: &HalfFilled| Ok(form.registration.problems());
    let (form, outcome) = posted.then(judge).await;
    let problems = match outcome {
        // A form without its proof will hear of it when it is sent.
        Err(Error::BadFormProof | Error::OtherAddress { .. }) => FieldErrors::default(),
        outcome => outcome?,
    };
    let (field, typed, said) = match form.field.as_str() {
        "username" => (
            username(&form.registration.username),
            form.registration.username.typed(),
            "The username needs a change.",
        ),
        _ => (
            email(&form.registration.email),
            form.registration.email.typed(),
            "The email needs a change.",
        ),
    };
    // A field that was only passed by is not blamed yet.
    let problem = Problem::Fields(problems);
    let field = field.judged(Some(&problem).filter(|_| !typed.trim().is_empty()));
    let said = if field.is_invalid() { said } else { "" };
    visit.part(StatusCode::OK, &field, "", None, said)
}
