//! SQL, built with sea-query, one file or folder per table family.
//!
//! Each file has a `sql` module of pure functions that build statements, a page of these statements
//! beside it (`leases.sql` beside `leases.rs`), and async functions that run them. They take any
//! [`GenericClient`](crate::database::GenericClient), so that one function runs on a pooled client and inside
//! a transaction.

pub mod audit;
pub mod avatars;
pub mod deletions;
pub mod devices;
pub mod email_changes;
pub mod email_restorations;
pub mod email_verifications;
pub mod exports;
pub mod follows;
pub mod held_usernames;
pub mod history;
pub mod known_devices;
pub mod leases;
pub mod lists;
pub mod outbox;
pub mod password_resets;
pub mod personal_data;
pub mod profiles;
pub mod quiet_mailboxes;
pub mod rate_limits;
pub mod retention;
#[cfg(test)]
mod samples;
pub mod schema;
pub mod sessions;
pub mod suggestions;
pub mod users;
mod viewer;
pub mod web_sessions;

pub use viewer::Who;
