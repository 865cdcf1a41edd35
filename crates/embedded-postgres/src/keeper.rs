//! The thread that owns the lock and the server.
//!
//! It is a thread of its own, alive as long as the handle, because the server gets its signal when
//! the thread that started it ends: a worker of an async runtime may end at any time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tracing::{error, info, warn};

use crate::{
    cluster,
    error::Error,
    place::Place,
    server::{START_PATIENCE, Server},
    shutdown::PAUSE,
    wire::Session,
};

/// How often the keeper looks whether its server, or somebody else's, has gone.
const TICK: Duration = Duration::from_millis(250);

/// How long it waits after a failure to replace that server.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// The handle of the thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// Nothing is ever sent: its end is the message.
    alive: Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts the thread and waits for the database.
    pub fn start(place: Place, settings: &[(&str, &str)]) -> Result<Self, Error> {
        let settings: Vec<String> = settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&place.lock);
        let lock = lock.map_err(Error::io("open", &place.lock))?;
        let cluster = place.cluster.clone();
        let held = Held {
            server: None,
            lock,
            place,
            settings,
        };

        let (alive, ended) = mpsc::channel();
        let (report, reported) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("embedded-postgres".to_owned())
            .spawn(move || held.keep(&ended, &report))
            .map_err(Error::io("start a thread for", &cluster))?;
        let keeper = Self { alive, thread };
        match reported.recv() {
            Ok(Ok(())) => Ok(keeper),
            Ok(Err(error)) => {
                keeper.stop();
                Err(error)
            }
            Err(_) => {
                let source = io::Error::other("the thread that keeps it has panicked");
                Err(Error::io("start", &cluster)(source))
            }
        }
    }

    /// Ends the thread, and with it the server when it is ours.
    pub fn stop(self) {
        drop(self.alive);
        if self.thread.join().is_err() {
            error!("the thread that keeps PostgreSQL has panicked");
        }
    }
}

/// What the thread owns. Fields are dropped in order: the server ends before the lock is free.
struct Held {
    /// `None`: somebody else holds the lock and runs the server.
    server: Option<Server>,
    lock: File,
    place: Place,
    settings: Vec<String>,
}

impl Held {
    fn keep(mut self, ended: &Receiver<()>, report: &Sender<Result<(), Error>>) {
        let first = self.join_or_run();
        let failed = first.is_err();
        // Whoever waits for the report holds the other end.
        let _ = report.send(first);
        if failed {
            return;
        }
        let mut pause = TICK;
        while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            pause = match self.look_after() {
                Ok(()) => TICK,
                Err(error) => {
                    error!(%error, "PostgreSQL cannot be started again");
                    AFTER_FAILURE
                }
            };
        }
        self.leave();
    }

    /// Uses the server of whoever holds the lock, or takes the lock and runs one.
    fn join_or_run(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + START_PATIENCE;
        while Instant::now() < deadline {
            if self.take_lock()? {
                return self.run();
            }
            // The holder may be about to start its server, or to stop it and let go of the lock.
            if Session::open(&self.place.socket(), &self.place.database).is_ok() {
                info!("using the PostgreSQL that another service runs on the same DATA_DIR");
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(Error::Occupied {
            lock: self.place.lock.clone(),
            sockets: self.place.sockets.clone(),
        })
    }

    /// One look: replaces our server if it has died, takes over if whoever ran it is gone.
    fn look_after(&mut self) -> Result<(), Error> {
        if let Some(server) = &mut self.server {
            if server.is_running() {
                return Ok(());
            }
            warn!("PostgreSQL has ended by itself");
            self.server = None;
            self.let_go();
        }
        if self.take_lock()? {
            self.run()
        } else {
            Ok(())
        }
    }

    /// Runs a server; the lock is held.
    fn run(&mut self) -> Result<(), Error> {
        let fsync = !self.settings.iter().any(|setting| setting == "fsync=off");
        let started = cluster::ensure(&self.place, fsync).and_then(|programs| {
            let server = Server::start(&self.place, &programs, &self.settings)?;
            info!(
                version = programs.major,
                cluster = %self.place.cluster.display(),
                "PostgreSQL runs"
            );
            Ok(server)
        });
        match started {
            Ok(server) => {
                self.server = Some(server);
                Ok(())
            }
            Err(error) => {
                self.let_go();
                Err(error)
            }
        }
    }

    /// Stops the server if it is ours.
    fn leave(mut self) {
        if let Some(server) = self.server.take() {
            drop(server);
            let _ = fs::remove_dir(&self.place.sockets);
            self.let_go();
        }
    }

    fn let_go(&self) {
        if let Err(error) = self.lock.unlock() {
            warn!(%error, "cannot unlock {}", self.place.lock.display());
        }
    }

    fn take_lock(&self) -> Result<bool, Error> {
        match self.lock.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &self.place.lock)(error)),
        }
    }
}
