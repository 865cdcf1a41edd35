//! Tests that only read the repository: they link nothing of the service and run in a second.

#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Names of files are ours.
#![allow(clippy::case_sensitive_file_extension_comparisons)]

mod bench;
mod circles;
mod decisions;
mod layers;
mod licences;
mod migrations_rules;
mod scenarios;
mod security;
mod sources;
