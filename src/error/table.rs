//! THE table: variant -> status, code, safe message.

use super::Error;
use http::StatusCode;

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
            Self::MailboxQuiet { .. } => (
                S::TOO_MANY_REQUESTS,
                "RATE_LIMITED",
                "We were asked to write no more to this address for now.",
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
            Self::OtherAddress { .. } => (
                S::FORBIDDEN,
                "CROSS_SITE_REQUEST",
                "This form was opened at another address than the service has.",
            ),
            Self::OtherAccount { .. } => (
                S::CONFLICT,
                "OTHER_ACCOUNT",
                "You are now signed in with another account. Nothing was changed.",
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
            Self::TargetTooLong => (
                S::URI_TOO_LONG,
                "MALFORMED_REQUEST",
                "This address is too long.",
            ),
            Self::HeadTooLarge => (
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "MALFORMED_REQUEST",
                "The request's headers are too large. In a browser, clear the cookies of this site, then try again.",
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

    /// The HTTP status of this error.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.describe().0
    }
}
