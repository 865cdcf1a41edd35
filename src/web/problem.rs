//! What is wrong with a form, told at the top of its page and beside the fields.

use super::visit::Visit;
use crate::{
    Error, Result,
    error::{Broken, FieldErrors},
    http::errors::wants_json,
};
use askama::{Template, filters::HtmlSafe};
use poem::http::StatusCode;

/// What is wrong with a form.
#[derive(Debug, Template)]
#[template(path = "shared/problem.html")]
pub(super) enum Problem {
    /// One sentence; the field that it is about, if it is about one.
    Banner {
        message: &'static str,
        about: Option<&'static str>,
    },
    /// Fields that break a rule: a summary with links to them.
    Fields(FieldErrors),
}

impl HtmlSafe for Problem {}

impl Visit<'_> {
    /// An error as a form shows it, and the status of its page. What is no fault of the form, and
    /// everything for who wants JSON, stays an error.
    pub(super) fn problem(self, error: Error) -> Result<(StatusCode, Problem)> {
        if wants_json(self.request) {
            return Err(error);
        }
        Problem::of(error)
    }
}

impl Problem {
    /// An error as a form shows it, and the status of its page. What is no fault of the form
    /// stays an error.
    pub(super) fn of(error: Error) -> Result<(StatusCode, Self)> {
        let status = error.status();
        let (_, code, message) = error.describe();
        let about = match error {
            Error::Validation(fields) => return Ok((status, Self::Fields(fields))),
            Error::AvatarTooLarge | Error::AvatarInvalid(_) => {
                let fields = FieldErrors::one("avatar", Broken::new(code, message));
                return Self::of(fields);
            }
            Error::EmailTaken => Some("email"),
            Error::UsernameTaken => Some("username"),
            Error::BadFormProof | Error::InvalidCredentials | Error::EmailNotVerified => None,
            error => return Err(error),
        };
        Ok((status, Self::Banner { message, about }))
    }

    /// The message to put beside a field.
    pub(super) fn beside(&self, field: &str) -> Option<&str> {
        match self {
            Self::Banner { .. } => None,
            Self::Fields(fields) => fields.get(field),
        }
    }

    /// Whether the banner is about a field.
    pub(super) fn is_about(&self, field: &str) -> bool {
        matches!(self, Self::Banner { about: Some(about), .. } if *about == field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_field_is_named_at_the_top_and_beside_itself() -> Result<()> {
        let error = FieldErrors::one("email", Broken::new("x", "Enter <a> valid address"));
        let (status, problem) = Problem::of(error)?;
        assert_eq!(status, 422);
        assert_eq!(problem.beside("email"), Some("Enter <a> valid address"));
        assert_eq!(problem.beside("username"), None);
        let html = problem.render().map_err(Error::internal)?;
        assert!(html.contains("There is a problem") && html.contains("href=\"#email\""));
        assert!(!html.contains("<a>"));
        Ok(())
    }

    #[test]
    fn a_conflict_is_a_banner() -> Result<()> {
        let (status, problem) = Problem::of(Error::EmailTaken)?;
        assert_eq!(status, 409);
        assert!(problem.is_about("email") && !problem.is_about("username"));
        let html = problem.render().map_err(Error::internal)?;
        assert!(
            html.contains("role=\"alert\"") && html.contains("This email is already registered")
        );
        Ok(())
    }

    #[test]
    fn what_is_no_fault_of_the_form_stays_an_error() {
        assert!(Problem::of(Error::unavailable("gone")).is_err());
        assert!(Problem::of(Error::UserNotFound).is_err());
    }
}
