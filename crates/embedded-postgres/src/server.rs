//! One server process, from start to ready.

use std::{
    ffi::OsString,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        process::CommandExt as _,
    },
    process::Child,
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::Error,
    locate::Programs,
    log::Log,
    place::Place,
    runner::Runner,
    shutdown::{PAUSE, put_orphan_aside, shut_down},
    wire::{Failure, Session},
};

/// How long a start may take; recovery after a crash is the long part of it.
pub(crate) const START_PATIENCE: Duration = Duration::from_mins(2);

/// A server that was started from this thread. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    runner: Runner,
}

impl Server {
    /// Starts a server on the cluster and returns when the database answers. Only for the holder of
    /// the lock, and from a thread that lives as long as the server shall, see
    /// [`Runner::tied_command`].
    pub fn start(place: &Place, programs: &Programs, settings: &[String]) -> Result<Self, Error> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            match Self::try_start(place, programs, settings) {
                // A server that was killed itself leaves sessions that end when they notice.
                Err(Error::Failed { tail, .. })
                    if tail.contains("shared memory block") && Instant::now() < deadline =>
                {
                    thread::sleep(PAUSE * 10);
                }
                result => return result,
            }
        }
    }

    fn try_start(place: &Place, programs: &Programs, settings: &[String]) -> Result<Self, Error> {
        let left_behind = put_orphan_aside(place);
        place.make_sockets()?;
        let log = Log::open(&place.log)?;
        let (out, err) = log.outputs()?;
        let program = programs.bin.join("postgres");

        let mut command = place.runner.tied_command("INT", &program);
        command.arg("-D").arg(&place.cluster);
        for setting in settings_of_ours(place)
            .into_iter()
            .chain(settings.iter().map(OsString::from))
        {
            command.arg("-c").arg(setting);
        }
        if let Some(pid) = left_behind {
            // Postgres refuses to start while the process in its `postmaster.pid` lives, even if
            // that is a stranger who got the number after a crash, or a zombie. It takes its own
            // grandparent for a proof that the file is stale: `pg_ctl` says so with this variable.
            // What else it checks (shared memory still in use) stays.
            command.env("PG_GRANDPARENT_PID", pid.to_string());
        }
        // A group of its own: Ctrl-C in the terminal must not stop the server before the service
        // has drained.
        command.process_group(0).stdout(out).stderr(err);
        let child = command.spawn().map_err(Error::io("run", &program))?;
        let mut server = Self {
            child,
            runner: place.runner.clone(),
        };
        server.wait_until_ready(place, &log)?;
        Ok(server)
    }

    /// Whether the server has not ended by itself.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn wait_until_ready(&mut self, place: &Place, log: &Log) -> Result<(), Error> {
        let deadline = Instant::now() + START_PATIENCE;
        while Instant::now() < deadline {
            match Session::open(&place.socket(), &place.database) {
                Ok(_) => return Ok(()),
                Err(Failure::Refused(state, _)) if state == "3D000" => create_database(place, log)?,
                // 57P03: it is starting up.
                Err(Failure::Refused(state, message)) if state != "57P03" => {
                    return Err(
                        log.failure(format!("PostgreSQL refused the connection: {message}"))
                    );
                }
                Err(_) => {}
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(log.failure(format!("PostgreSQL ended while it started ({status})")));
            }
            thread::sleep(PAUSE);
        }
        Err(log.failure(format!(
            "PostgreSQL was not ready after {} s",
            START_PATIENCE.as_secs()
        )))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let (runner, pid) = (self.runner.clone(), self.child.id());
        shut_down(&runner, pid, || !self.is_running());
    }
}

fn settings_of_ours(place: &Place) -> Vec<OsString> {
    // The setting is a list, in which quotes keep a path with commas or blanks together.
    let mut sockets = b"unix_socket_directories=\"".to_vec();
    for &byte in place.sockets.as_os_str().as_bytes() {
        if byte == b'"' {
            sockets.push(byte);
        }
        sockets.push(byte);
    }
    sockets.push(b'"');
    let fixed = [
        "listen_addresses=",
        "port=5432",
        "max_connections=100",
        "timezone=UTC",
        // Failed statements would carry personal data into the file; the service logs what failed.
        "log_min_messages=log",
        "log_checkpoints=off",
    ];
    fixed
        .into_iter()
        .map(OsString::from)
        .chain([OsString::from_vec(sockets)])
        .collect()
}

fn create_database(place: &Place, log: &Log) -> Result<(), Error> {
    Session::open(&place.socket(), "postgres")
        .and_then(|mut session| session.execute(&format!("CREATE DATABASE {}", place.database)))
        .map_err(|failure| log.failure(format!("cannot create the database: {failure:?}")))
}
