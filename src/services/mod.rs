//! The verbs: the only place where rules meet storage. Each is one function that both surfaces
//! call, always `(app, who, what)`; what signed-in pages read is `(view, what)`, see [`view`]. They
//! own the transactions and see no framework.

pub mod accounts;
pub mod avatars;
pub mod cache;
mod constant_time;
pub mod correction;
pub mod deletion;
pub mod devices;
pub mod emails;
pub mod exports;
pub mod follows;
pub mod freshness;
mod hashing;
pub mod history;
pub mod leases;
pub mod passwords;
pub mod people;
pub mod posts;
pub mod profiles;
pub mod reauthentication;
pub mod recovery;
pub mod restoration;
pub mod retention;
mod retry;
pub mod revocations;
pub mod sessions;
pub mod throttle;
pub mod unproven_mail;
pub mod usernames;
pub mod verification;
pub mod view;
mod write;
