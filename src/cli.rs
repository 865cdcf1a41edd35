//! The command line.

use crate::config;
use clap::{Parser, Subcommand, error::ErrorKind};
use std::{
    env,
    fmt::Display,
    io::{self, Write},
};

/// Accounts, profiles and the follow graph of a social network.
#[derive(Debug, Parser)]
#[command(name = "users-service", after_help = config::names())]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Explain every variable too
    #[arg(long, requires = "help")]
    long: bool,
}

/// What the program can do. A line each in `--help`; more is told by `users-service help COMMAND`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service (the default)
    Serve,
    /// Apply the migrations, all or up to N: `migrate [--to N]`
    ///
    /// Needs only `DATABASE_URL`. Idempotent, and safe when several start at once. A newer database stays as it is.
    Migrate {
        /// Stop at this version: the number in the file's name
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        to: Option<i32>,
    },
    /// Rotate the signing key: `keys rotate`, `keys secret`
    ///
    /// The key signs access tokens; docs/operations.md has the steps.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        command: Keys,
    },
    /// Look for what is wrong with the set-up: `doctor [--json]`
    ///
    /// Says what to do about it, a line for each check. Changes nothing. Reads the same variables as `serve`. Status 1 when something is wrong.
    Doctor {
        /// Print a JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Ask the service at `LISTEN_ADDR` for its health
    ///
    /// Status 0 when `/health` says that it is ready: for containers.
    Healthcheck,
    /// Explain every variable of the environment
    #[command(hide = true, long_about = config::help())]
    Variables,
}

/// What can be done with the signing keys.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Keys {
    /// Take the next step of a rotation, for a key in a file
    ///
    /// Makes the next key, or, once that was published for 10 minutes, has it sign. The key is the file that `JWT_PRIVATE_KEY` names, or the one under `DATA_DIR`.
    Rotate,
    /// Print what `SECRET_KEY` has to be before a key in the environment is rotated
    ///
    /// For a key that is in `JWT_PRIVATE_KEY` itself. Keep it as safe as the key.
    Secret,
}

impl Cli {
    /// Reads the command line. Prints help, or what is wrong with it, and ends the program then.
    #[must_use]
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            let is_help = error.kind() == ErrorKind::DisplayHelp;
            // Who reads may have closed the other end, as `head` does.
            error.print().ok();
            if is_help && env::args_os().any(|argument| argument == "--long") {
                print(config::help()).ok();
            }
            std::process::exit(error.exit_code())
        })
    }
}

/// Prints a text and a line break. Nobody reading any more, as behind `| head`, is no error; a full
/// disk is one.
///
/// # Errors
/// What the system says.
pub fn print(text: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}
