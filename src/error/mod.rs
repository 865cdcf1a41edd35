//! The one error type; THE table says what it is to the outside.
//!
//! Messages are for people and say what to do. The cause of a failure stays in the
//! error for the log and is never shown outside.

mod database;
mod fields;
mod table;
mod words;

pub(crate) use database::is_stale_statement;
pub use fields::{Broken, FieldError, FieldErrors};
pub use words::{about, causes};

use std::{sync::Arc, time::Duration};

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
    /// The owner of a mailbox wants no mail that they did not ask for; until when.
    #[error("mailbox quiet for {}s", .retry_after.as_secs())]
    MailboxQuiet {
        /// How long it is left alone still.
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
    /// A page's form that was opened at another address than the service's own.
    #[error("a form at another address than PUBLIC_URL")]
    OtherAddress {
        /// Where the service is.
        public_url: String,
    },
    /// A page's form that was made for another account than the one that is signed in.
    #[error("the form is another account's")]
    OtherAccount {
        /// Who is signed in.
        username: String,
    },
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
    /// A path and query over their limit.
    #[error("request target too long")]
    TargetTooLong,
    /// A head over its limit: in a browser, too many cookies.
    #[error("request head too large")]
    HeadTooLarge,
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
    /// When to ask again, for the errors that pass by themselves.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_) => Some(Duration::from_secs(2)),
            Self::RateLimited { retry_after } | Self::MailboxQuiet { retry_after } => {
                Some(*retry_after)
            }
            _ => None,
        }
    }

    /// Whether the service failed, not the request: nothing about it needs to change.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
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
}
