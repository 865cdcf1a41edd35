//! `users-service doctor`: looks at everything that a running service needs, says what is wrong and
//! what to do. It changes nothing, tells no secret, and ends: every check has its time.
//!
//! What it asks the database is about the catalogue, which sea-query has no names for: it stands as
//! text beside the check that asks it.

mod avatars;
mod clock;
mod connections;
pub mod counters;
mod database;
mod durability;
mod files;
mod finding;
mod folder;
mod janitor;
mod keys;
mod limits;
mod mail;
mod mail_queue;
mod migrations;
mod proxies;
mod public_url;
mod replicas;
mod replication;
mod rights;
pub mod schema;

pub use finding::{Finding, Level};

use crate::{
    Config,
    config::{AvatarStore, ConfigError},
    error::{Cause, causes},
    mail::EmailUrl,
};
use std::{pin::Pin, time::Duration};

/// How long a check may take.
const TIME: Duration = Duration::from_secs(10);

/// What a check found, or why it could not look.
type Findings = Result<Vec<Finding>, Cause>;
type Check<'a> = (&'static str, Pin<Box<dyn Future<Output = Findings> + 'a>>);

/// Makes every check, tells each finding with its check's name as soon as it is there, and says
/// whether nothing is wrong.
pub async fn run(
    config: Result<Config, ConfigError>,
    tell: &mut dyn FnMut(&'static str, &Finding),
) -> bool {
    let mut all_well = true;
    let mut tell = |check, finding: Finding| {
        all_well &= finding.level != Level::Wrong;
        tell(check, &finding);
    };
    match config {
        Ok(config) => look(&config, &mut tell).await,
        Err(ConfigError(problems)) => {
            for problem in problems {
                tell(
                    "configuration",
                    Finding::wrong(
                        problem,
                        "see `users-service help variables`, then ask again: nothing else was looked at",
                    ),
                );
            }
        }
    }
    all_well
}

async fn look(config: &Config, tell: &mut dyn FnMut(&'static str, Finding)) {
    tell(
        "configuration",
        match config.what_production_wants() {
            None => Finding::ok("every variable can be read: a production set-up"),
            Some(wanted) => {
                Finding::warn("every variable can be read: a development set-up", wanted)
            }
        },
    );
    make(of_the_machine(config), tell).await;
    match database::connect(config).await {
        Ok(Some(reached)) => {
            for finding in reached.findings {
                tell("database", finding);
            }
            if let Some(db) = &reached.client {
                for (name, check) in of_the_database(config, db) {
                    make(vec![(name, Box::pin(reading(db, check)))], tell).await;
                }
            }
        }
        Ok(None) => tell(
            "database",
            Finding::warn(
                "DATABASE_URL is not set, the service brings its own database: nothing in it was looked at",
                "set DATABASE_URL for anything but trying things out",
            ),
        ),
        Err(error) => tell(
            "database",
            Finding::wrong(
                format!(
                    "can't be reached, so nothing in it was looked at: {}",
                    causes(&*error)
                ),
                "start PostgreSQL, or mend DATABASE_URL",
            ),
        ),
    }
}

/// Warns at the start of a service when the folders that it writes pictures and mails into can't be
/// written into: else nobody would hear of it until somebody uploads or waits for a mail.
pub async fn warn_of_folders(config: Config) {
    let pictures = match &config.avatar_store {
        AvatarStore::Folder(folder) => Some((folder, "AVATAR_STORE")),
        AvatarStore::Bucket(_) => None,
    };
    let mails = match &config.email_url {
        EmailUrl::File(folder) => Some((folder, "EMAIL_URL")),
        EmailUrl::Smtp(_) | EmailUrl::Http { .. } => None,
    };
    for (folder, variable) in pictures.into_iter().chain(mails) {
        let findings = folder::check(folder, variable).await.unwrap_or_default();
        for finding in findings.iter().filter(|finding| finding.level != Level::Ok) {
            tracing::warn!(variable, "{finding}");
        }
    }
}

/// The checks that need no database.
fn of_the_machine(config: &Config) -> Vec<Check<'_>> {
    vec![
        (
            "limits",
            Box::pin(async { Ok(vec![limits::check(config)]) }),
        ),
        ("open files", Box::pin(async { Ok(vec![files::check()]) })),
        (
            "DATA_DIR",
            Box::pin(folder::check(&config.data_dir, "DATA_DIR")),
        ),
        ("avatars", Box::pin(avatars::check(config))),
        ("keys", Box::pin(async { keys::check(config) })),
        ("mail", Box::pin(mail::check(config))),
        ("proxies", Box::pin(async { Ok(proxies::check(config)) })),
        ("PUBLIC_URL", Box::pin(public_url::check(config))),
    ]
}

/// The checks of what is in the database and of how it is set up.
fn of_the_database<'a>(config: &'a Config, db: &'a tokio_postgres::Client) -> Vec<Check<'a>> {
    vec![
        ("clock", Box::pin(clock::check(db))),
        ("durability", Box::pin(durability::check(db))),
        ("connections", Box::pin(connections::check(config, db))),
        ("replication", Box::pin(replication::check(db))),
        ("DATABASE_READ_URL", Box::pin(replicas::check(config, db))),
        ("rights", Box::pin(rights::check(config, db))),
        ("migrations", Box::pin(migrations::check(db))),
        ("schema", Box::pin(schema::check(db))),
        ("counters", Box::pin(counters::check(db))),
        ("mail queue", Box::pin(mail_queue::check(db))),
        ("janitor", Box::pin(janitor::check(db))),
        ("proxies", Box::pin(proxies::check_sessions(config, db))),
    ]
}

/// A check within a transaction that only reads. What it changes about the connection ends with it.
async fn reading(db: &tokio_postgres::Client, check: impl Future<Output = Findings>) -> Findings {
    db.batch_execute(database::BEGIN).await?;
    let findings = check.await;
    db.batch_execute(database::END).await?;
    findings
}

/// Makes these checks one after another. One that fails or takes too long is a finding too.
async fn make(checks: Vec<Check<'_>>, tell: &mut dyn FnMut(&'static str, Finding)) {
    for (name, check) in checks {
        let findings = match tokio::time::timeout(TIME, check).await {
            Ok(Ok(findings)) => findings,
            Ok(Err(error)) => vec![Finding::wrong(
                format!("could not be looked at: {}", causes(&*error)),
                "mend that, and what is wrong above, and ask again",
            )],
            Err(_) => vec![Finding::wrong(
                format!("no answer within {} seconds", TIME.as_secs()),
                "find out what holds it up",
            )],
        };
        for finding in findings {
            tell(name, finding);
        }
    }
}
