//! The command line.

use crate::config;
use clap::{Parser, Subcommand};

/// Accounts, profiles and the follow graph of a social network.
#[derive(Debug, Parser)]
#[command(name = "users-service", after_help = config::help())]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service (the default)
    Serve,
    /// Apply the migrations, all or `--to N`; needs only `DATABASE_URL`. Idempotent, safe when several start at once
    Migrate {
        /// Stop at this version: the number in the file's name
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        to: Option<i32>,
    },
    /// Rotate the key that signs access tokens
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        command: Keys,
    },
    /// Look for what is wrong with the set-up and say what to do; changes nothing. Reads the same variables as `serve`. Status 1 when something is wrong
    Doctor {
        /// Print a JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Ask the service that runs at `LISTEN_ADDR` for its `/health`: status 0 when it is ready, for containers
    Healthcheck,
}

/// What can be done with the signing keys.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Keys {
    /// Take the next step of a rotation: make the next key, or, once it was published for 10 minutes, have it sign. For a key in a file (`JWT_PRIVATE_KEY` as a path, or the one under `DATA_DIR`)
    Rotate,
    /// Print what `SECRET_KEY` has to be before a key that is in `JWT_PRIVATE_KEY` itself is rotated. Keep it as safe as the key
    Secret,
}
