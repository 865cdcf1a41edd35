//! Connecting to the first of several hosts that will do.

use super::{tls, url};
use crate::error::Cause;
use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Config, Connection, Error, Socket, config::Host, tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long connecting may take, over all hosts; each has an equal part of it.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(3);
/// How long a host may leave what we sent unconfirmed, or our probes while it owes an answer: then
/// it counts as gone, and whoever waits for it is told.
const SILENCE: Duration = Duration::from_secs(2);
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The side of a session that moves its bytes.
pub(super) type Session = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// The hosts of a connection string, or one of them.
pub(super) struct Hosts {
    each: Vec<Config>,
    tls: MakeRustlsConnect,
    /// The one to ask first: who answered last, or whose turn it is after one that did not.
    first: AtomicUsize,
}

impl Hosts {
    /// The hosts of `url`, of several those that take writes unless it says otherwise. Each session
    /// calls itself `name` and starts with these `options`.
    pub fn new(url: &str, name: &str, options: &str) -> Result<Self, Cause> {
        let (mut each, ssl) = url::hosts(url)?;
        url::want_writes(&mut each, url);
        Ok(Self::of(each, tls::connector(&ssl)?, name, options))
    }

    /// The hosts of `url`, each by itself, whether it takes writes or not.
    pub fn apart(url: &str, name: &str, options: &str) -> Result<Vec<Self>, Cause> {
        let (each, ssl) = url::hosts(url)?;
        let tls = tls::connector(&ssl)?;
        let each = each.into_iter();
        Ok(each
            .map(|host| Self::of(vec![host], tls.clone(), name, options))
            .collect())
    }

    fn of(mut each: Vec<Config>, tls: MakeRustlsConnect, name: &str, options: &str) -> Self {
        for host in &mut each {
            let options = format!("{} {options}", host.get_options().unwrap_or_default());
            // Poolers take no empty ones.
            if !options.trim().is_empty() {
                host.options(options.trim());
            }
            host.application_name(name)
                .keepalives_idle(PROBE_EVERY)
                .keepalives_interval(PROBE_EVERY)
                .tcp_user_timeout(SILENCE);
        }
        Self {
            each,
            tls,
            first: AtomicUsize::new(0),
        }
    }

    /// A session with the first host that will do, kept going by a task.
    pub async fn connect(&self) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, connection) = self.open().await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a connection to the database ended");
            }
        });
        Ok((client, task))
    }

    /// A session with the first host that will do, which the caller has to keep going. One that is
    /// silent, even after it took the connection, leaves the next its time.
    pub async fn open(&self) -> Result<(Client, Session), Error> {
        let first = self.first.load(Ordering::Relaxed);
        let count = self.each.len();
        let part = CONNECT_TIME / u32::try_from(count).unwrap_or(u32::MAX);
        for n in first..first + count - 1 {
            match timeout(part, self.session(n)).await {
                Ok(Ok(session)) => return Ok(session),
                // Whose turn it is next, also when nobody waits for us to come to it.
                _ => self.first.store((n + 1) % count, Ordering::Relaxed),
            }
        }
        self.session(first + count - 1).await
    }

    async fn session(&self, n: usize) -> Result<(Client, Session), Error> {
        let n = n % self.each.len();
        let session = self.each[n].connect(self.tls.clone()).await?;
        self.first.store(n, Ordering::Relaxed);
        Ok(session)
    }
}

impl fmt::Display for Hosts {
    /// Names and ports alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, host) in self.each.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            let port = host.get_ports().first().unwrap_or(&5432);
            match (host.get_hosts().first(), host.get_hostaddrs().first()) {
                (Some(Host::Tcp(name)), _) => write!(f, "{comma}{name}:{port}")?,
                (Some(Host::Unix(folder)), _) => write!(f, "{comma}{}:{port}", folder.display())?,
                (None, address) => write!(
                    f,
                    "{comma}{}:{port}",
                    address.map(ToString::to_string).unwrap_or_default()
                )?,
            }
        }
        Ok(())
    }
}
