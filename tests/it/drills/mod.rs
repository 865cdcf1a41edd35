//! Drills: people use two replicas, something breaks, and everything is held against a ledger of
//! what was acknowledged. Short here; `bin/drills` runs them at length, alone, and writes the table
//! in docs/operations.md.
//!
//! `ledger` says what must be true, `person` and `load` use the service, `fleet` is the service as
//! processes, `verify` compares, `report` insists on the goals, `drill` is the course of it. The
//! other files are the drills.

mod backup;
mod clocks;
mod database_gone;
mod database_waits;
mod disk;
mod drill;
mod failover;
mod fleet;
mod ledger;
mod load;
mod log_sink;
mod mails;
mod person;
mod races;
mod replica_killed;
mod replica_killed_at;
mod report;
mod verify;

/// Whether `bin/drills` asks for the long form.
fn is_long() -> bool {
    std::env::var_os("DRILLS").is_some_and(|form| form == "long")
}

/// What fits the form that is asked for.
fn scaled<T>(short: T, long: T) -> T {
    if is_long() { long } else { short }
}
