//! What is wrong with a form, told at the top of its page and beside the fields.

use super::visit::Visit;
use crate::{
    Error, Result, caller,
    error::{Broken, FieldErrors},
    http::errors::{log, wants_json},
};
use askama::{Template, filters::HtmlSafe};
use poem::http::StatusCode;
use std::{borrow::Cow, time::Duration};

/// What is wrong with a form.
#[derive(Debug, Template)]
#[template(path = "kit/problem.html")]
pub(in crate::web) enum Problem {
    /// One sentence; the field that it is about, if it is about one; the trace id when the
    /// service failed.
    Banner {
        message: Cow<'static, str>,
        about: Option<&'static str>,
        trace_id: Option<String>,
    },
    /// Fields that break a rule: a summary with links to them.
    Fields(FieldErrors),
}

impl HtmlSafe for Problem {}

/// What an answer says beside its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) struct Verdict {
    pub(in crate::web) status: StatusCode,
    /// When sending the same again is worth it.
    pub(in crate::web) retry_after: Option<Duration>,
}

impl From<StatusCode> for Verdict {
    fn from(status: StatusCode) -> Self {
        Self {
            status,
            retry_after: None,
        }
    }
}

impl Visit<'_> {
    /// An error as a form shows it, and what its answer says beside. What is told by no form, and
    /// everything for who wants JSON, stays an error.
    pub(in crate::web) fn problem(self, error: Error) -> Result<(Verdict, Problem)> {
        if wants_json(self.request) {
            return Err(error);
        }
        Problem::of(error)
    }
}

impl Problem {
    /// An error as a form shows it, and what its answer says beside. A failure of the service is
    /// told there too, so that what was typed comes back; its cause goes into the log.
    pub(in crate::web) fn of(error: Error) -> Result<(Verdict, Self)> {
        let (status, code, message) = error.describe();
        let told = error.message();
        let verdict = Verdict {
            status,
            retry_after: error.retry_after(),
        };
        let trace_id = error.is_failure().then(caller::trace_id).flatten();
        let about = match error {
            Error::Validation(fields) => return Ok((verdict, Self::Fields(fields))),
            Error::AvatarTooLarge | Error::AvatarInvalid(_) => {
                let fields = FieldErrors::one("avatar", Broken::new(code, message));
                return Self::of(fields);
            }
            Error::EmailTaken => Some("email"),
            Error::UsernameTaken => Some("username"),
            Error::BadFormProof
            | Error::EmailNotVerified
            | Error::InvalidCredentials
            | Error::OtherAccount { .. }
            | Error::OtherAddress { .. }
            | Error::RateLimited { .. }
            | Error::MailboxQuiet { .. } => None,
            Error::Unavailable(_) | Error::Internal(_) => {
                log(&error);
                None
            }
            error => return Err(error),
        };
        Ok((
            verdict,
            Self::Banner {
                message: told,
                about,
                trace_id,
            },
        ))
    }

    /// The message to put beside a field.
    pub(in crate::web) fn beside(&self, field: &str) -> Option<&str> {
        match self {
            Self::Banner { .. } => None,
            Self::Fields(fields) => fields.get(field),
        }
    }

    /// Whether the banner is about a field.
    pub(in crate::web) fn is_about(&self, field: &str) -> bool {
        matches!(self, Self::Banner { about: Some(about), .. } if *about == field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_field_is_named_at_the_top_and_beside_itself() -> Result<()> {
        let error = FieldErrors::one("email", Broken::new("x", "Enter <a> valid address"));
        let (verdict, problem) = Problem::of(error)?;
        assert_eq!(verdict, StatusCode::UNPROCESSABLE_ENTITY.into());
        assert_eq!(problem.beside("email"), Some("Enter <a> valid address"));
        assert_eq!(problem.beside("username"), None);
        let html = problem.render().map_err(Error::internal)?;
        assert!(html.contains("There is a problem") && html.contains("href=\"#email\""));
        assert!(!html.contains("<a>"));
        Ok(())
    }

    #[test]
    fn a_conflict_is_a_banner() -> Result<()> {
        let (verdict, problem) = Problem::of(Error::EmailTaken)?;
        assert_eq!(verdict, StatusCode::CONFLICT.into());
        assert!(problem.is_about("email") && !problem.is_about("username"));
        let html = problem.render().map_err(Error::internal)?;
        assert!(
            html.contains("role=\"alert\"") && html.contains("This email is already registered")
        );
        Ok(())
    }

    #[test]
    fn a_failure_is_a_banner_that_says_when_to_try_again() -> Result<()> {
        let (verdict, problem) = Problem::of(Error::unavailable("secret cause"))?;
        assert_eq!(verdict.status, 503);
        assert!(verdict.retry_after.is_some());
        let html = problem.render().map_err(Error::internal)?;
        assert!(html.contains("Try again in a moment.") && !html.contains("secret cause"));
        assert_eq!(Problem::of(Error::internal("bug"))?.0.status, 500);
        let retry_after = Duration::from_secs(90);
        let (verdict, _) = Problem::of(Error::RateLimited { retry_after })?;
        assert_eq!(
            (verdict.status.as_u16(), verdict.retry_after),
            (429, Some(retry_after))
        );
        Ok(())
    }

    #[test]
    fn what_no_form_can_mend_stays_an_error() {
        assert!(Problem::of(Error::UserNotFound).is_err());
    }
}
