#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! One rule decides who runs the server: **whoever holds the lock on `pg.lock` in the data directory, as a child
//! of its own**. Every other service on the same data directory is a guest. It uses that server, never
//! stops it, and keeps trying the lock: when the holder ends, in whatever way, a guest gets the
//! lock and runs the next server on the same socket, so its pool reconnects by itself. The kernel
//! drops the lock of a process that was killed, so nothing stale can block a start.
//!
//! A server found running by somebody who got the lock is an orphan: its service was killed. It is
//! stopped and replaced, not used, because it would not end with us and may have been started with
//! other settings.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `options` | what its user may choose |
//! | `runner` | as whom Postgres's programs run (it refuses root) and how they end with us |
//! | `place` | where the cluster, its socket and its log are |
//! | `locate` | where Postgres's programs are, and which major version |
//! | `cluster` | making the cluster, all or nothing |
//! | `server` | one server process, from start to ready |
//! | `shutdown` | ending it, or one that a killed service left |
//! | `log` | what Postgres's programs say |
//! | `keeper` | the thread that owns lock and server |
//! | `error` | what can keep it from starting |
//! | `wire` | the few bytes of Postgres's protocol that say "ready" |

mod cluster;
mod error;
mod keeper;
mod locate;
mod log;
mod options;
mod place;
mod runner;
mod server;
mod shutdown;
mod wire;

use keeper::Keeper;
use place::{Place, USER};

pub use error::Error;
pub use options::Options;

/// A private Postgres under a data directory, made at first use, reached over a Unix socket only, and
/// stopped with this handle.
///
/// A server that dies is started again; the crate's doc says what several services in one data
/// directory do.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: String,
    keeper: Option<Keeper>,
}

impl EmbeddedPostgres {
    /// Starts the server, or joins the one that another service runs on the same data directory,
    /// and returns when the database answers.
    ///
    /// Blocks: 1 to 2 s for the first start in a data directory, about 0.1 s later, up to 120 s when
    /// Postgres has to recover first. In async code call it, [`stop`](Self::stop) and the drop on a
    /// blocking thread.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let place = Place::prepare(options)?;
        let url = url(
            place.sockets.as_os_str().as_encoded_bytes(),
            options.database,
        );
        let keeper = Keeper::start(place, options.settings)?;
        Ok(Self {
            url,
            keeper: Some(keeper),
        })
    }

    /// The connection string: `postgresql://postgres@%2Ftmp%2F…/users`, the host being the socket's
    /// directory.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the server when this process runs it (fast shutdown: open transactions are rolled
    /// back) and waits for its end; leaves a server that another service runs alone. Blocks,
    /// usually 0.1 s. The second call does nothing.
    pub fn stop(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.stop();
        }
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Every byte outside RFC 3986's unreserved set is encoded, so that any path is one host in the
/// URL.
fn url(sockets: &[u8], database: &str) -> String {
    use std::fmt::Write as _;

    let mut host = String::new();
    for &byte in sockets {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            host.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(host, "%{byte:02X}");
        }
    }
    format!("postgresql://{USER}@{host}/{database}")
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn a_socket_directory_is_one_host_in_the_url() {
        assert_eq!(
            url("/tmp/a b/é".as_bytes(), "users"),
            "postgresql://postgres@%2Ftmp%2Fa%20b%2F%C3%A9/users"
        );
    }
}
