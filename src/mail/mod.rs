//! Mails: where they go, what they say, how they leave.
//!
//! A mail owed is a row of `users.outbox`, committed with its cause. The [`worker`] takes the
//! rows that are due, writes each mail anew with [`messages`] and hands it to the [`Mailer`],
//! which speaks to what `EMAIL_URL` names: SMTP, a provider's JSON API, or a folder.

pub mod delivery;
mod file;
pub mod leaving;
mod letters;
mod links;
pub mod mailer;
mod message;
pub mod messages;
mod name;
mod notice;
mod provider;
mod smtp;
pub mod url;
mod wire;
pub mod worker;

pub use mailer::Mailer;
pub use message::{Mail, Refused};
pub use name::Name;
pub use url::EmailUrl;
