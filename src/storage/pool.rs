//! The pool of connections: its time-outs, and what `DATABASE_URL` may say.

use super::tls::{self, Ssl};
use crate::error::{Cause, Result};
use deadpool_postgres::{Manager, ManagerConfig, Object, RecyclingMethod, Runtime};
use std::time::Duration;
use tokio_postgres::config::SslMode;

/// How long a request waits for a free connection, or for a new one.
const WAIT: Duration = Duration::from_secs(3);
/// The longest a statement may run, and wait for a lock: below the 10 s in which every request ends.
const OPTIONS: &str = "-c statement_timeout=5000 -c lock_timeout=4000 \
    -c idle_in_transaction_session_timeout=10000 -c timezone=UTC";
/// How long a peer may be silent before its connection counts as dead.
const USER_TIMEOUT: Duration = Duration::from_secs(5);

/// A pool of connections to PostgreSQL.
#[derive(Clone)]
pub struct Pool(deadpool_postgres::Pool);

impl Pool {
    /// A pool of at most `size` connections. None is opened yet.
    pub fn new(url: &str, size: usize) -> Result<Self, Cause> {
        let (mut config, ssl) = split_url(url)?;
        let options = format!("{} {OPTIONS}", config.get_options().unwrap_or_default());
        config
            .options(options)
            .application_name("users-service")
            .connect_timeout(WAIT)
            .keepalives_idle(Duration::from_secs(15))
            .tcp_user_timeout(USER_TIMEOUT);
        let manager = Manager::from_config(
            config,
            tls::connector(&ssl)?,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self(pool))
    }

    /// A connection, waiting for one up to 3 s; then the service is unavailable.
    pub async fn get(&self) -> Result<Object> {
        Ok(self.0.get().await?)
    }

    /// Closes all connections that nobody uses, and gives out none any more.
    pub fn close(&self) {
        self.0.close();
    }

    /// Connections open, connections free, requests waiting.
    #[must_use]
    pub fn status(&self) -> (usize, usize, usize) {
        let status = self.0.status();
        (status.size, status.available, status.waiting)
    }
}

/// A connection of its own, outside of any pool and its time-outs, for migrations.
pub async fn direct(url: &str) -> Result<tokio_postgres::Client, Cause> {
    let (mut config, ssl) = split_url(url)?;
    config
        .application_name("users-service migrate")
        .connect_timeout(Duration::from_secs(10));
    let (client, connection) = config.connect(tls::connector(&ssl)?).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the migration's connection ended");
        }
    });
    Ok(client)
}

/// Whether a connection string can be read; else a phrase that says so and repeats nothing of it.
pub fn check_url(url: &str) -> Result<(), String> {
    let (_, ssl) = split_url(url).map_err(|_| {
        "must be a connection string such as postgresql://user:password@host/database".to_owned()
    })?;
    tls::connector(&ssl)
        .map(|_| ())
        .map_err(|error| format!("names an sslrootcert that can't be used ({error})"))
}

/// Takes `sslmode=verify-*` and `sslrootcert` out of a URL, which tokio-postgres refuses.
fn split_url(url: &str) -> Result<(tokio_postgres::Config, Ssl), Cause> {
    let mut ssl = Ssl::default();
    // Only a URL has a query; `host=… dbname=…` is read as it is.
    let Some((base, query)) = url.split_once('?').filter(|_| url.contains("://")) else {
        return Ok((url.parse()?, ssl));
    };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => ssl.verify = true,
            Some(("sslmode", "allow")) => kept.push("sslmode=prefer"),
            Some(("sslrootcert", path)) => {
                let path = percent_encoding::percent_decode_str(path).decode_utf8()?;
                ssl.root_cert = Some(path.into_owned());
            }
            _ => kept.push(pair),
        }
    }
    let mut config: tokio_postgres::Config = if kept.is_empty() {
        base.parse()?
    } else {
        format!("{base}?{}", kept.join("&")).parse()?
    };
    if ssl.verify {
        config.ssl_mode(SslMode::Require);
    }
    Ok((config, ssl))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_libpq_knows_are_read() {
        for good in [
            "postgresql://ana:secret@db.example:5433/users",
            "postgres://db.example/users?sslmode=require",
            "postgres://db.example/users?sslmode=verify-full&connect_timeout=3",
            "postgres://ana@%2Ftmp%2Fsockets/users",
            "postgres://a.example:5432,b.example:5433/users?target_session_attrs=read-write",
            "host=localhost user=ana dbname=users",
        ] {
            assert!(check_url(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn keywords_are_read_as_they_are() {
        let (config, _) = split_url("host=/run/db user=ana dbname=users").unwrap_or_default();
        assert_eq!(config.get_dbname(), Some("users"));
        assert_eq!(config.get_user(), Some("ana"));
    }

    #[test]
    fn a_bad_url_is_not_repeated() {
        let Err(problem) = check_url("mysql://ana:hunter22@db") else {
            unreachable!("no PostgreSQL URL")
        };
        assert!(!problem.contains("hunter22"));
    }
}
