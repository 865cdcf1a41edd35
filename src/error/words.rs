//! An error in words: what people are told, and what the log is.

use super::{Cause, Error};
use std::{borrow::Cow, fmt::Display, time::Duration};

impl Error {
    /// What to tell people: the message of the table, or when to come back, where, or as whom.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::RateLimited { retry_after } => {
                format!("Too many tries. Try again in {}.", in_words(*retry_after)).into()
            }
            Self::OtherAddress { public_url } => {
                format!("Forms work only at {public_url}. Open it there, then send it again.")
                    .into()
            }
            Self::OtherAccount { username } => {
                format!("You are now signed in as {username}. Nothing was changed.").into()
            }
            Self::MailboxQuiet { retry_after } => format!(
                "Somebody used this address without asking its owner, so we send nothing there \
                 for now. Try again in {}.",
                in_words(*retry_after)
            )
            .into(),
            _ => self.describe().2.into(),
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

/// For `map_err`: an error and its causes on one line, after what it is about, such as a variable.
pub fn about<E: Into<Cause>>(what: impl Display) -> impl FnOnce(E) -> Cause {
    move |error| format!("{what}: {}", causes(&*error.into())).into()
}

/// A time to wait, rounded up to what people count in.
fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds.div_ceil(60), "minute"),
        3_600..172_800 => (seconds.div_ceil(3_600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FieldErrors;

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
            (172_799, "48 hours"),
            (172_801, "3 days"),
        ] {
            let retry_after = Duration::from_secs(seconds);
            let message = Error::RateLimited { retry_after }.message();
            assert_eq!(message, format!("Too many tries. Try again in {words}."));
        }
    }
}
