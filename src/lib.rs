//! # The Users Service
//!
//! Accounts, profiles and the follow graph of a social network: one service layer with two
//! thin surfaces, server-rendered pages for people and a JSON API for services.
//!
//! ```text
//! main -> app -> web, api, ops -> services -> storage, mail -> database -> domain, error
//! ```
//!
//! - [`domain`]: types and rules. A `Username` was checked; there is no other way to get one.
//! - [`services`]: the verbs. One function each, called by both surfaces; they own the transactions.
//! - [`storage`]: SQL, built with sea-query, one file or folder per table family.
//! - [`database`]: PostgreSQL as a machine: connections, hosts, time budgets, replicas, migrations. It knows no table.
//! - [`mail`]: the outbox's worker, the messages, the transports.
//! - [`crypto`]: access tokens and their keys, password hashing, sealing.
//! - [`trace`]: what a piece of work is part of: `traceparent`, spans, the trace id on log lines.
//! - [`http`]: what both surfaces share: bodies, errors in two dresses, origins, the caller, trace ids.
//! - [`web`]: pages by what people come for, and the kit they are made of. [`api`]: JSON. [`ops`]: health, metrics, the server, the doctor.
//!
//! In `crates` lies what knows nothing of users: `embedded-postgres`, `read-cache`, and `repo-tests`, tests that only read
//! the repository.
//!
//! Invariants: nothing in process memory is the truth; races are settled by constraints and row
//! locks; a mail owed is a row committed with its cause; counts change in the statement that
//! changes the edge; refresh tokens, links and cookies are stored as hashes, and an access token only
//! within its browser session.

pub mod api;
pub mod app;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod database;
mod docs;
pub mod domain;
pub mod error;
pub mod http;
pub mod mail;
pub mod openapi;
pub mod ops;
pub mod routes;
pub mod services;
pub mod storage;
pub mod trace;
pub mod web;

pub use app::App;
pub use config::Config;
pub use error::{Error, Result};
