//! Making the cluster, all or nothing.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, chown},
    path::Path,
};

use tracing::info;

use crate::{
    error::Error,
    locate::{self, Programs},
    log::Log,
    place::{Place, USER},
    runner::unique,
};

/// The name of a cluster while `initdb` makes it.
const UNFINISHED: &str = "pg.new-";

/// Makes the cluster unless it exists, and returns the programs that fit it. Only for the holder of
/// the lock.
pub(crate) fn ensure(place: &Place, fsync: bool) -> Result<Programs, Error> {
    let version = place.cluster.join("PG_VERSION");
    let made_by = match fs::read_to_string(&version) {
        Ok(text) => locate::major(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::io("read", &version)(error)),
    };
    let programs = Programs::find(&place.runner, &place.cluster, made_by)?;
    remove_unfinished(&place.home);
    if made_by.is_none() {
        create(place, &programs, fsync)?;
    }
    Ok(programs)
}

/// `initdb` works under another name and the finished cluster gets its own by one rename: a start
/// that is killed leaves nothing that looks like a cluster.
fn create(place: &Place, programs: &Programs, fsync: bool) -> Result<(), Error> {
    info!(
        version = programs.major,
        cluster = %place.cluster.display(),
        "making a PostgreSQL cluster"
    );
    let unfinished = unique(&place.home, UNFINISHED);
    let made = DirBuilder::new().mode(0o700).create(&unfinished);
    made.map_err(Error::io("make", &unfinished))?;
    if place.runner.switch {
        // The server's user may write here alone, not in DATA_DIR.
        chown(&unfinished, Some(place.runner.uid), Some(place.runner.gid))
            .map_err(Error::io("hand over", &unfinished))?;
    }
    // Not every system has C.UTF-8. With C, Postgres's lower() and its like leave letters outside
    // ASCII alone.
    let result = initdb(place, programs, &unfinished, "C.UTF-8", fsync)
        .or_else(|_| initdb(place, programs, &unfinished, "C", fsync))
        .and_then(|()| {
            fs::rename(&unfinished, &place.cluster).map_err(Error::io("make", &place.cluster))?;
            let home = File::open(&place.home).and_then(|home| home.sync_all());
            home.map_err(Error::io("sync", &place.home))
        });
    if result.is_err() {
        remove_unfinished(&place.home);
    }
    result
}

fn initdb(
    place: &Place,
    programs: &Programs,
    directory: &Path,
    locale: &str,
    fsync: bool,
) -> Result<(), Error> {
    let log = Log::open(&place.log)?;
    let (out, err) = log.outputs()?;
    let program = programs.bin.join("initdb");
    let mut command = place.runner.tied_command("KILL", &program);
    command.arg("--pgdata").arg(directory).args([
        "--username",
        USER,
        "--encoding",
        "UTF8",
        "--locale",
        locale,
    ]);
    // Enough for a socket in a directory that only its owner can enter.
    command.args(["--auth", "trust"]);
    if !fsync {
        command.arg("--no-sync");
    }
    let status = command
        .stdout(out)
        .stderr(err)
        .status()
        .map_err(Error::io("run", &program))?;
    if status.success() {
        Ok(())
    } else {
        Err(log.failure(format!("initdb failed ({status})")))
    }
}

/// What a killed start left. Best effort: without `setpriv` an `initdb` may still write there, and
/// the next start comes by again.
fn remove_unfinished(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes())
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
