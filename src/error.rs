//! The one error type, and THE table: variant -> status, code, safe message.
//!
//! Messages are for people and say what to do. The cause of a failure stays in the
//! error for the log and is never shown outside.

use http::StatusCode;
use serde::Serialize;
use std::{borrow::Cow, sync::Arc, time::Duration};

/// What a service function answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A cause that is logged and never shown.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Everything that can go wrong, in the words of the contract.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields that break a rule, one entry a field.
    #[error("validation failed: {0}")]
    Validation(FieldErrors),
    /// The body is no JSON object, not UTF-8, or broken multipart.
    #[error("malformed request: {0}")]
    Malformed(&'static str),
    /// An account with this e-mail exists.
    #[error("e-mail taken")]
    EmailTaken,
    /// An account with this username exists.
    #[error("username taken")]
    UsernameTaken,
    /// The verification token is unknown, expired, or superseded.
    #[error("invalid verification token")]
    InvalidVerificationToken,
    /// Wrong password or unknown e-mail: the same on purpose.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The password is right, the address is not proven yet.
    #[error("e-mail not verified")]
    EmailNotVerified,
    /// The link to set a new password is unknown, expired, used or superseded.
    #[error("invalid reset token")]
    InvalidResetToken,
    /// A sensitive change, and the password was last entered too long ago.
    #[error("re-authentication required")]
    ReauthenticationRequired,
    /// Too many tries; when to come back.
    #[error("rate limited for {}s", .retry_after.as_secs())]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The refresh token is unknown, expired, revoked, or was stolen.
    #[error("invalid refresh token")]
    InvalidRefreshToken,
    /// No valid access token.
    #[error("unauthenticated")]
    Unauthenticated,
    /// No such person.
    #[error("user not found")]
    UserNotFound,
    /// The person has no such session.
    #[error("session not found")]
    SessionNotFound,
    /// People can't follow themselves.
    #[error("cannot follow self")]
    CannotFollowSelf,
    /// The picture is over 2,097,152 bytes.
    #[error("avatar too large")]
    AvatarTooLarge,
    /// The picture is not a JPEG or PNG we can decode within bounds; says which rule it broke.
    #[error("avatar invalid: {0}")]
    AvatarInvalid(&'static str),
    /// An unsafe request that another site caused.
    #[error("cross-site request")]
    CrossSite,
    /// A page's form without a valid CSRF proof.
    #[error("bad CSRF proof")]
    BadFormProof,
    /// No such path.
    #[error("not found")]
    NotFound,
    /// The path exists, the method does not; `allow` lists those that do.
    #[error("method not allowed, allowed are {allow}")]
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: String,
    },
    /// A body over its limit.
    #[error("payload too large")]
    PayloadTooLarge,
    /// A body of a type the endpoint does not read.
    #[error("unsupported media type, expected {0}")]
    UnsupportedMediaType(&'static str),
    /// The body did not arrive within its time.
    #[error("request time-out")]
    RequestTimeout,
    /// A resource is exhausted or gone for the moment; asking again soon is right.
    #[error("unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// A bug or a broken installation.
    #[error("internal error: {0}")]
    Internal(#[source] Cause),
}

impl Error {
    /// THE table.
    #[must_use]
    #[allow(clippy::too_many_lines)] // One place, on purpose.
    pub fn describe(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Validation(_) => (
                S::UNPROCESSABLE_ENTITY,
                "VALIDATION_FAILED",
                "Some fields need your attention.",
            ),
            Self::Malformed(message) => (S::BAD_REQUEST, "MALFORMED_REQUEST", message),
            Self::EmailTaken => (
                S::CONFLICT,
                "EMAIL_ALREADY_EXISTS",
                "This email is already registered",
            ),
            Self::UsernameTaken => (
                S::CONFLICT,
                "USERNAME_ALREADY_EXISTS",
                "This username is already taken",
            ),
            Self::InvalidVerificationToken => (
                S::UNPROCESSABLE_ENTITY,
                "INVALID_VERIFICATION_TOKEN",
                "This verification link does not work any more. Ask for a new one.",
            ),
            Self::InvalidCredentials => (
                S::UNAUTHORIZED,
                "INVALID_CREDENTIALS",
                "Invalid email or password",
            ),
            Self::EmailNotVerified => (
                S::FORBIDDEN,
                "EMAIL_NOT_VERIFIED",
                "Verify your email address first",
            ),
            Self::InvalidResetToken => (
                S::UNPROCESSABLE_ENTITY,
                "INVALID_RESET_TOKEN",
                "This link does not work any more. Ask for a new one.",
            ),
            Self::ReauthenticationRequired => (
                S::FORBIDDEN,
                "REAUTHENTICATION_REQUIRED",
                "Enter your password again before this change.",
            ),
            Self::RateLimited { .. } => (
                S::TOO_MANY_REQUESTS,
                "RATE_LIMITED",
                "Too many tries. Wait a while, then try again.",
            ),
            Self::InvalidRefreshToken => (
                S::UNAUTHORIZED,
                "INVALID_REFRESH_TOKEN",
                "The session has ended. Log in again.",
            ),
            Self::Unauthenticated => (
                S::UNAUTHORIZED,
                "UNAUTHENTICATED",
                "Send a valid access token as a bearer token.",
            ),
            Self::UserNotFound => (S::NOT_FOUND, "USER_NOT_FOUND", "There is no such user."),
            Self::SessionNotFound => (
                S::NOT_FOUND,
                "SESSION_NOT_FOUND",
                "You have no such session.",
            ),
            Self::CannotFollowSelf => (
                S::UNPROCESSABLE_ENTITY,
                "CANNOT_FOLLOW_SELF",
                "You can't follow yourself.",
            ),
            Self::AvatarTooLarge => (
                S::UNPROCESSABLE_ENTITY,
                "AVATAR_TOO_LARGE",
                "The picture is larger than 2 MB. Choose a smaller one.",
            ),
            Self::AvatarInvalid(message) => (S::UNPROCESSABLE_ENTITY, "AVATAR_INVALID", message),
            Self::CrossSite => (
                S::FORBIDDEN,
                "CROSS_SITE_REQUEST",
                "This request came from another site and was refused.",
            ),
            Self::BadFormProof => (
                S::FORBIDDEN,
                "CROSS_SITE_REQUEST",
                "This form was open for too long. Send it once more.",
            ),
            Self::NotFound => (
                S::NOT_FOUND,
                "NOT_FOUND",
                "There is nothing at this address.",
            ),
            Self::MethodNotAllowed { .. } => (
                S::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "This address does not support that method.",
            ),
            Self::PayloadTooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                "The request is too large.",
            ),
            Self::UnsupportedMediaType(expected) => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                expected,
            ),
            Self::RequestTimeout => (
                S::REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                "The request took too long to arrive. Send it again.",
            ),
            Self::Unavailable(_) => (
                S::SERVICE_UNAVAILABLE,
                "SERVICE_UNAVAILABLE",
                "The service is busy or being repaired. Try again in a moment.",
            ),
            Self::Internal(_) => (
                S::INTERNAL_SERVER_ERROR,
                "INTERNAL_ERROR",
                "Something went wrong on our side. Try again later.",
            ),
        }
    }

    /// What to tell people: the message of the table, or when to come back.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::RateLimited { retry_after } => {
                format!("Too many tries. Try again in {}.", in_words(*retry_after)).into()
            }
            _ => self.describe().2.into(),
        }
    }

    /// The HTTP status of this error.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.describe().0
    }

    /// When to ask again, for the errors that pass by themselves.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_) => Some(Duration::from_secs(2)),
            Self::RateLimited { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// Whether the service failed, not the request: nothing about it needs to change.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }

    /// Whether the database gave this transaction up for another one: doing it again is right.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        let Self::Unavailable(cause) = self else {
            return false;
        };
        let error = cause.downcast_ref::<tokio_postgres::Error>();
        let state = error.and_then(tokio_postgres::Error::code);
        state.is_some_and(|state| matches!(state.code(), "40001" | "40P01"))
    }

    /// Whether the connection to the database is what failed, or leads to a server that takes no
    /// writes any more: it must not be used again.
    #[must_use]
    pub fn is_lost_connection(&self) -> bool {
        let Self::Unavailable(cause) = self else {
            return false;
        };
        let Some(error) = cause.downcast_ref::<tokio_postgres::Error>() else {
            // An answer that did not come in time may still come.
            return cause.is::<tokio::time::error::Elapsed>();
        };
        error.code().is_none_or(|state| {
            // 08 connection, 57P shut-down, 25006 a standby, or a primary that was demoted.
            let code = state.code();
            code.starts_with("08") || code.starts_with("57P") || code == "25006"
        })
    }

    /// A bug or a broken installation, with its cause for the log.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Something exhausted or gone for the moment, with its cause for the log.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// A failure of work that several waited for, for each of them.
    #[must_use]
    pub fn shared(error: &Arc<Self>) -> Self {
        match **error {
            Self::Unavailable(_) => Self::unavailable(Arc::clone(error)),
            _ => Self::internal(Arc::clone(error)),
        }
    }

    /// This error when `named` is the constraint that said no, else the error itself.
    #[must_use]
    pub fn on_constraint(self, named: &str, instead: Self) -> Self {
        match &self {
            Self::Internal(cause)
                if cause
                    .downcast_ref::<tokio_postgres::Error>()
                    .and_then(tokio_postgres::Error::as_db_error)
                    .and_then(tokio_postgres::error::DbError::constraint)
                    == Some(named) =>
            {
                instead
            }
            _ => self,
        }
    }
}

/// An error with its causes on one line; what a library tells twice is told once.
#[must_use]
pub fn causes(error: &dyn std::error::Error) -> String {
    let told = error.to_string();
    match error.source().map(causes) {
        Some(cause) if !told.ends_with(&cause) => format!("{told}: {cause}"),
        _ => told,
    }
}

/// A time to wait, rounded up to what people count in.
fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3_600), "hour"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// The fields that break a rule, in the order they were checked; one entry a field.
#[derive(Debug, Default, Clone)]
pub struct FieldErrors(Vec<FieldError>);

/// One field and the first rule it breaks.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name as it was sent.
    pub field: &'static str,
    /// A stable word for the rule, e.g. `required`, `too_long`.
    #[schema(value_type = String, example = "invalid_format")]
    pub code: &'static str,
    /// For people: what to do.
    pub message: String,
}

/// The rule a single value breaks, before it is known in which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// A stable word for the rule.
    pub code: &'static str,
    /// For people: what to do.
    pub message: String,
}

impl Broken {
    /// A broken rule with its code and its message for people.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl FieldErrors {
    /// Keeps the value when it is good, else remembers what is wrong with the field.
    pub fn take<T>(&mut self, field: &'static str, parsed: Result<T, Broken>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(Broken { code, message }) => {
                self.0.push(FieldError {
                    field,
                    code,
                    message,
                });
                None
            }
        }
    }

    /// The error of these fields, for when at least one is broken.
    #[must_use]
    pub fn into_error(self) -> Error {
        Error::Validation(self)
    }

    /// A single broken field as an error.
    #[must_use]
    pub fn one(field: &'static str, broken: Broken) -> Error {
        let mut errors = Self::default();
        errors.take::<()>(field, Err(broken));
        errors.into_error()
    }

    /// All entries in order.
    #[must_use]
    pub fn entries(&self) -> &[FieldError] {
        &self.0
    }

    /// The message of one field, if it is broken.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|e| e.field == field)
            .map(|e| e.message.as_str())
    }

    /// Whether every field was good.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for FieldErrors {
    /// Names fields and codes only: values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, entry) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{} {}", entry.field, entry.code)?;
        }
        Ok(())
    }
}

impl From<tokio_postgres::Error> for Error {
    /// A lost connection, a time-out, a shut-down or a full server passes by itself (503);
    /// anything else the database says is a bug (500) unless a constraint is expected.
    fn from(error: tokio_postgres::Error) -> Self {
        let passing = match error.code() {
            None => true,
            Some(state) => {
                let code = state.code();
                // 08 connection, 53 resources, 57 operator and time-outs, 25006 read-only
                // standby, 55P03 lock, 40001 and 40P01 serialisation and deadlock.
                code.starts_with("08")
                    || code.starts_with("53")
                    || code.starts_with("57")
                    || matches!(code, "25006" | "55P03" | "40001" | "40P01")
            }
        };
        if passing {
            Self::unavailable(error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<deadpool::managed::PoolError<tokio_postgres::Error>> for Error {
    fn from(error: deadpool::managed::PoolError<tokio_postgres::Error>) -> Self {
        match error {
            deadpool::managed::PoolError::Backend(error) => Self::unavailable(error),
            other => Self::unavailable(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let refused = || std::io::Error::from_raw_os_error(111);
        let twice = Error::internal(refused());
        assert_eq!(causes(&twice), format!("internal error: {}", refused()));
        let other = FieldErrors::default().into_error();
        assert_eq!(causes(&other), other.to_string());
    }

    #[test]
    fn when_to_come_back_is_told_in_words() {
        for (seconds, words) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (3_599, "60 minutes"),
            (3_601, "2 hours"),
        ] {
            let retry_after = Duration::from_secs(seconds);
            let message = Error::RateLimited { retry_after }.message();
            assert_eq!(message, format!("Too many tries. Try again in {words}."));
        }
    }
}
