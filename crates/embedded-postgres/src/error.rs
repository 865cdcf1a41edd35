//! What can keep the embedded Postgres from starting, said so that the reader knows what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the embedded Postgres did not start. Every message stands alone: it names the path and the
/// way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither `initdb` nor `postgres` anywhere.
    #[error(
        "PostgreSQL's programs (initdb, postgres) were not found: install them \
         (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; \
         Alpine: apk add postgresql; Arch: pacman -S postgresql; macOS: brew install postgresql), \
         or set DATABASE_URL to use a server that runs already"
    )]
    ProgramsMissing,

    /// The cluster was made by a major version that is not installed.
    #[error(
        "{} was made by PostgreSQL {wanted}, but only {} was found: install version {wanted}, \
         or move that directory away to begin with an empty database, or set DATABASE_URL",
        cluster.display(),
        list(found)
    )]
    VersionMissing {
        /// The cluster's directory.
        cluster: PathBuf,
        /// The major version that made it.
        wanted: u32,
        /// The major versions found on this machine.
        found: Vec<u32>,
    },

    /// Running as root without anybody to run Postgres as.
    #[error(
        "PostgreSQL refuses to run as root, and this system has neither a user `postgres` \
         nor `nobody`: run the service as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,

    /// Running as root without root's rights, as in a container that drops them.
    #[error(
        "PostgreSQL refuses to run as root, and this process may not become user {uid}: \
         run the service as an ordinary user, or set DATABASE_URL"
    )]
    CannotSwitch {
        /// The numeric id of the user who would run it.
        uid: u32,
    },

    /// Running as root, and the cluster's owner cannot reach its own cluster any more.
    #[error(
        "user {uid}, who owns {}, cannot reach it: allow others to pass the directories above it \
         (chmod o+x), or set DATA_DIR or DATABASE_URL",
        cluster.display()
    )]
    Unreachable {
        /// The cluster's directory.
        cluster: PathBuf,
        /// The numeric id of its owner.
        uid: u32,
    },

    /// No temporary directory whose path is short enough for a Unix socket and open to the server's
    /// user.
    #[error(
        "no temporary directory is fit for PostgreSQL's socket: \
         set TMPDIR to a short path that every user can enter"
    )]
    NoSocketDirectory,

    /// Somebody else made the directory of the socket, so it may not be trusted.
    #[error("{} must be a directory that only user {uid} can enter: remove it", path.display())]
    ForeignSocketDirectory {
        /// The socket's directory.
        path: PathBuf,
        /// The numeric id that has to own it.
        uid: u32,
    },

    /// Another process holds the lock, but its server cannot be reached.
    #[error(
        "another process has locked {}, but its PostgreSQL does not answer in {}: \
         stop that process, or set another DATA_DIR",
        lock.display(),
        sockets.display()
    )]
    Occupied {
        /// The lock's file.
        lock: PathBuf,
        /// The directory in which the socket was expected.
        sockets: PathBuf,
    },

    /// `initdb` or `postgres` ended or did not get ready.
    #[error("{what}; the log is {}:\n{tail}", log.display())]
    Failed {
        /// What happened, in one phrase.
        what: String,
        /// The log's file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: an I/O error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

fn list(majors: &[u32]) -> String {
    let majors: Vec<String> = majors.iter().map(u32::to_string).collect();
    format!("version {}", majors.join(", "))
}
