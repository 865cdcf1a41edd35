//! The database that a service starts with.

use crate::{
    Config,
    config::Secret,
    database::{
        Replicas, fitness, migrate,
        pooler::{self, Seen},
    },
    error::{Cause, about},
    ops::doctor::schema,
};
use embedded_postgres::{EmbeddedPostgres, Options};
use std::time::Duration;

/// How long a database that is just starting is waited for.
const DATABASE_PATIENCE: Duration = Duration::from_secs(10);
const DATABASE_PAUSE: Duration = Duration::from_millis(250);

/// The configured database, or one of our own under `DATA_DIR`.
pub(super) async fn primary(config: &Config) -> Result<(Option<EmbeddedPostgres>, String), Cause> {
    if let Some(Secret(url)) = &config.database_url {
        return Ok((None, url.clone()));
    }
    let data_dir = config.data_dir.clone();
    let start = move || {
        EmbeddedPostgres::start(&Options {
            data_dir: &data_dir,
            program: "users-service",
            database: "users",
            settings: &[],
        })
    };
    let postgres = tokio::task::spawn_blocking(start).await?;
    let postgres = postgres.map_err(about("DATA_DIR (DATABASE_URL is not set)"))?;
    let url = postgres.url().to_owned();
    Ok((Some(postgres), url))
}

/// The configured replicas, or none.
pub(super) fn replicas(config: &Config) -> Result<Replicas, Cause> {
    let Some(Secret(url)) = &config.database_read_url else {
        return Ok(Replicas::default());
    };
    Replicas::new(url, config.database_pool_size, config.database_read_max_lag)
}

/// Migrates, or makes sure that somebody did, in a database that can be right.
pub(super) async fn prepare_schema(config: &Config, url: &str) -> Result<(), Cause> {
    let client = patiently(url).await?;
    let seen = pooler::look(url).await?;
    fitness::refuse(seen.fault.as_slice())?;
    fitness::refuse(&fitness::faults(&client).await?)?;
    warn_of(&seen);
    if config.auto_migrate {
        let report = migrate::run(url, None).await;
        let report = report.map_err(about("DATABASE_URL: the schema can't be migrated"))?;
        if !report.applied.is_empty() {
            tracing::info!(applied = ?report.applied, "migrated the database");
        }
    }
    fitness::refuse(&fitness::missing_rights(&client, &schema::tables()).await?)?;
    let version = migrate::version(&client).await;
    let version = version.map_err(about("DATABASE_URL: the schema can't be looked at"))?;
    let newest = migrate::newest();
    if version < newest {
        return Err(format!(
            "the database's schema is at version {version}, this program needs {newest}: \
             run `users-service migrate`, or set AUTO_MIGRATE=true"
        )
        .into());
    }
    Ok(())
}

fn warn_of(seen: &Seen) {
    if seen.is_shared {
        tracing::warn!(
            "a pooler gives each transaction another connection: no replica hears what others change, and shows it up to 5 s later"
        );
    }
    if !seen.not_taken.is_empty() {
        tracing::warn!(
            settings = seen.not_taken.join(", "),
            "the database did not take all settings that were asked for: {}",
            pooler::set_for_role()
        );
    }
}

/// A connection to a database that may be just starting.
async fn patiently(url: &str) -> Result<tokio_postgres::Client, Cause> {
    let deadline = tokio::time::Instant::now() + DATABASE_PATIENCE;
    loop {
        match crate::database::pool::direct(url).await {
            Ok(client) => return Ok(client),
            Err(error) if tokio::time::Instant::now() >= deadline => {
                return Err(about("DATABASE_URL: the database can't be reached")(error));
            }
            Err(_) => tokio::time::sleep(DATABASE_PAUSE).await,
        }
    }
}
