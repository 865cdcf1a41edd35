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
//! ## Words
//!
//! - **person**: what others see of an account. **profile**: a person with texts and counts.
//! - **handle**: a username as an address has it. **visible**: not leaving. **leaving**: to be deleted when its window ends.
//! - **viewer**: who looks at a page or calls the API. [`Other`](domain::Other): somebody else, not looked for yet.
//! - **view**: a viewer with the connection that all statements of a page go out on, in one round trip.
//! - **session**: a log-in. **family**: its refresh tokens. **generation**: how many renewals led to a token.
//! - **spent**: a refresh token that was renewed. **grace**: the seconds in which it still gives its successor.
//! - **browser session**: a session as pages know it, a row named by a cookie.
//! - **known**: a browser or network where somebody logged in to the account before.
//! - **edge**: a row of `follows`. **slot**: a row that counts some of a person's followers.
//! - **outbox**: mails owed, committed with their cause. **kind**: what a mail says.
//! - **bucket**: a token bucket (GCRA) of a limit. **rule**: its size and rate.
//! - **freshness**: whether a read must show every answered write, or may be a moment old.
//! - **change**, **notice**: what a write made old in the read caches, and how replicas tell each other.
//! - **lease**: which replica does a background job now. **janitor**: the job that forgets what ran out.
//! - **draft**: what was typed, sealed in a cookie while somebody logs in again.
//! - **part**: what htmx swaps into a page. **flash**: what the next page says once.
//!
//! How to add a feature: `docs/adding.md`.
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
