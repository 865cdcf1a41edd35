//! A mail that is written, and what says that nobody will ever take it.

use time::OffsetDateTime;

/// A mail, written and ready to leave.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `<id@host>`, the same at every attempt: a second copy can be told by it.
    pub message_id: String,
    /// When the mail came to be owed, the same at every attempt.
    pub date: OffsetDateTime,
    /// The address of the one recipient.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The trace of the request that it is owed for, passed on to a provider.
    pub trace_id: Option<String>,
}

/// The other side will never take this mail: trying it again is useless, and rude.
#[derive(Debug, thiserror::Error)]
#[error("refused for good: {0}")]
pub struct Refused(pub String);
