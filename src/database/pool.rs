//! The pool of connections, and connections outside of it.

use super::{
    connection::{Manager, Object},
    hosts::{CONNECT_TIME, Hosts},
    time_budget,
};
use crate::error::{Cause, Error, Result};
use deadpool::managed::QueueMode;
use futures_util::future::join_all;
use std::time::Duration;
use tokio::time::timeout;

/// What the sessions call themselves.
pub(super) const NAME: &str = "users-service";
/// The longest a statement may run, and wait for a lock: below the 10 s in which every request ends.
/// Nothing is compiled: that takes longer than any statement that a request waits for. Values as
/// `pg_settings` has them, times in milliseconds.
pub(super) const SETTINGS: [(&str, &str); 4] = [
    ("statement_timeout", "5000"),
    ("lock_timeout", "4000"),
    ("idle_in_transaction_session_timeout", "10000"),
    ("jit", "off"),
];
/// What those call themselves that are in no pool.
const DIRECT_NAME: &str = "users-service migrate";
/// How long somebody who has nothing else to do waits for a connection.
const DIRECT_TIME: Duration = Duration::from_secs(10);

/// A pool of connections to PostgreSQL.
#[derive(Clone)]
pub struct Pool(deadpool::managed::Pool<Manager>);

impl Pool {
    /// A pool of at most `size` connections. None is opened yet.
    pub fn new(url: &str, size: usize) -> Result<Self, Cause> {
        Self::of(Hosts::new(url, NAME, &options())?, size)
    }

    /// A pool for each host of `url`, with what it is called.
    pub fn apart(url: &str, size: usize) -> Result<Vec<(String, Self)>, Cause> {
        let hosts = Hosts::apart(url, NAME, &options())?.into_iter();
        hosts
            .map(|hosts| Ok((hosts.to_string(), Self::of(hosts, size)?)))
            .collect()
    }

    fn of(hosts: Hosts, size: usize) -> Result<Self, Cause> {
        let pool = deadpool::managed::Pool::builder(Manager::new(hosts))
            .max_size(size)
            // The one used last: few connections that are busy, instead of many that idle for so
            // long that each must be asked first whether it is still there.
            .queue_mode(QueueMode::Lifo)
            .build()?;
        Ok(Self(pool))
    }

    /// A connection, waiting for one, or for a new one, up to 3 s; then the service is unavailable.
    pub async fn get(&self) -> Result<Object> {
        let object = time_budget::wait(CONNECT_TIME, self.0.get()).await;
        object
            .map_err(|_| Error::unavailable("no connection to the database in time"))?
            .map_err(Error::from)
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

fn options() -> String {
    let settings = SETTINGS.map(|(name, value)| format!(" -c {name}={value}"));
    format!("-c timezone=UTC{}", settings.concat())
}

/// A connection outside of any pool that asks for the same settings.
pub(super) async fn like_the_pools(url: &str) -> Result<tokio_postgres::Client, Cause> {
    open(&Hosts::new(url, NAME, &options())?, DIRECT_TIME).await
}

/// A connection of its own, outside of any pool and its time-outs, for migrations.
pub async fn direct(url: &str) -> Result<tokio_postgres::Client, Cause> {
    open(&Hosts::new(url, DIRECT_NAME, "")?, DIRECT_TIME).await
}

/// The same to each host of `url` by itself, with what it is called.
pub async fn direct_apart(
    url: &str,
) -> Result<Vec<(String, Result<tokio_postgres::Client, Cause>)>, Cause> {
    let hosts = Hosts::apart(url, DIRECT_NAME, "")?;
    let each = hosts.iter();
    let each = each.map(async |host| (host.to_string(), open(host, CONNECT_TIME).await));
    Ok(join_all(each).await)
}

async fn open(hosts: &Hosts, time: Duration) -> Result<tokio_postgres::Client, Cause> {
    let connected = timeout(time, hosts.connect()).await;
    let (client, _) =
        connected.map_err(|_| format!("no answer within {} seconds", time.as_secs()))??;
    Ok(client)
}
