//! Where the cluster, its socket, its log and its lock are.

use std::{
    env,
    fs::{self, DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tracing::warn;

use crate::{error::Error, options::Options, runner::Runner};

/// The superuser of the cluster. It needs no password: only its owner (and root) can reach the
/// socket.
pub(crate) const USER: &str = "postgres";

/// The bytes of the longest path of a Unix socket: 107 on Linux, 103 on macOS.
const LONGEST_SOCKET_PATH: usize = 103;

/// Every path of one embedded Postgres, who runs it, and the name of its database.
#[derive(Debug)]
pub(crate) struct Place {
    pub runner: Runner,
    /// Holds the cluster, and the next one while `initdb` makes it: `DATA_DIR`, or its stand-in for
    /// root.
    pub home: PathBuf,
    pub cluster: PathBuf,
    /// The directory of the socket.
    pub sockets: PathBuf,
    pub log: PathBuf,
    pub lock: PathBuf,
    pub database: String,
}

impl Place {
    /// Makes the data directory and decides about the rest. The cluster and the socket's directory are made
    /// later, under the lock.
    pub fn prepare(options: &Options) -> Result<Self, Error> {
        let (data_dir, program) = (options.data_dir, options.program);
        fs::create_dir_all(data_dir).map_err(Error::io("make", data_dir))?;
        let data_dir = data_dir
            .canonicalize()
            .map_err(Error::io("find", data_dir))?;
        let us = Runner::ourselves(&data_dir)?;
        let path = data_dir.as_os_str().as_encoded_bytes();
        // For root only, see `home`.
        let stand_in = Path::new("/var/lib").join(name_from(program, &[path]));

        let existing = [&data_dir, &stand_in]
            .into_iter()
            .take(if us.uid == 0 { 2 } else { 1 })
            .find(|home| home.join("pg").exists());
        let runner = us.for_cluster(existing.map(|home| home.join("pg")).as_deref())?;
        let home = match existing {
            Some(home) => reachable(&runner, home)?,
            None => home(&runner, &data_dir, &stand_in)?,
        };
        if home != data_dir {
            warn!(
                data_dir = %data_dir.display(),
                database = %home.display(),
                "the database is outside DATA_DIR: PostgreSQL may not run as root, \
                 and its user cannot enter DATA_DIR"
            );
        }
        // The user is part of the name: what one user left in the temporary directory never
        // blocks another.
        let sockets = sockets(
            &runner,
            &name_from(program, &[path, &runner.uid.to_be_bytes()]),
        )?;
        Ok(Self {
            cluster: home.join("pg"),
            sockets,
            log: data_dir.join("postgres.log"),
            lock: data_dir.join("pg.lock"),
            home,
            runner,
            database: options.database.to_owned(),
        })
    }

    /// The socket that a server on port 5432 opens.
    pub fn socket(&self) -> PathBuf {
        self.sockets.join(".s.PGSQL.5432")
    }

    /// Makes the socket's directory, empty and private. Only for the holder of the lock, with no
    /// server running.
    pub fn make_sockets(&self) -> Result<(), Error> {
        let path = &self.sockets;
        // What stands here already is judged below, whatever this says.
        let made = DirBuilder::new().mode(0o700).create(path);
        let found = fs::symlink_metadata(path).map_err(|error| Error::Io {
            action: "make",
            path: path.clone(),
            source: made.err().unwrap_or(error),
        })?;
        // Anybody can make a directory of this name in the temporary directory and wait for our
        // connections.
        let owned = found.uid() == self.runner.uid || (self.runner.switch && found.uid() == 0);
        if !found.is_dir() || !owned || found.mode() & 0o077 != 0 {
            return Err(Error::ForeignSocketDirectory {
                path: path.clone(),
                uid: self.runner.uid,
            });
        }
        if self.runner.switch {
            chown(path, Some(self.runner.uid), Some(self.runner.gid))
                .map_err(Error::io("hand over", path))?;
        }
        for entry in fs::read_dir(path)
            .map_err(Error::io("read", path))?
            .flatten()
        {
            fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
        }
        Ok(())
    }
}

/// A name that belongs to these parts alone, so that two services never meet.
fn name_from(program: &str, parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let first = hash.finalize().first_chunk().copied();
    format!("{program}-{:016x}", first.map_or(0, u64::from_be_bytes))
}

/// A cluster that exists is never left behind silently.
fn reachable(runner: &Runner, home: &Path) -> Result<PathBuf, Error> {
    if runner.switch && !runner.enters(home) {
        return Err(Error::Unreachable {
            cluster: home.join("pg"),
            uid: runner.uid,
        });
    }
    Ok(home.to_owned())
}

/// Where a new cluster goes: in `data_dir`, unless we are root and the server's user cannot get
/// there (`/root` is closed to everybody else).
fn home(runner: &Runner, data_dir: &Path, stand_in: &Path) -> Result<PathBuf, Error> {
    if !runner.switch || runner.enters(data_dir) {
        return Ok(data_dir.to_owned());
    }
    // Whatever our umask says, the server's user has to pass.
    fs::create_dir_all(stand_in)
        .and_then(|()| fs::set_permissions(stand_in, Permissions::from_mode(0o711)))
        .map_err(Error::io("make", stand_in))?;
    Ok(stand_in.to_owned())
}

/// Under the temporary directory, because a path below `DATA_DIR` may be too long for a socket.
fn sockets(runner: &Runner, name: &str) -> Result<PathBuf, Error> {
    [env::temp_dir(), PathBuf::from("/tmp")]
        .into_iter()
        .filter(|parent| parent.is_absolute() && runner.enters(parent))
        .map(|parent| parent.join(name))
        .find(|sockets| sockets.as_os_str().len() + "/.s.PGSQL.5432".len() <= LONGEST_SOCKET_PATH)
        .ok_or(Error::NoSocketDirectory)
}
