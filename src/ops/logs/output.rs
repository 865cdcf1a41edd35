//! Standard output behind a queue: who logs never waits for who reads.

use crate::error::Cause;
use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    os::fd::AsFd,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines may wait to be written; more are dropped and counted.
const QUEUE: usize = 4_096;
/// How many bytes are written at once at most, give or take a line.
const BATCH: usize = 64 * 1024;
/// The pause after the queue was empty. A busy service gathers lines in it, instead of waking the
/// writer for every single one: 0.8 million lines a second fit into the queue meanwhile.
const PAUSE: Duration = Duration::from_millis(5);

static NOT_QUEUED: OnceLock<ErrorCounter> = OnceLock::new();
static NOT_WRITTEN: AtomicU64 = AtomicU64::new(0);

/// How many lines nobody will ever read: the queue was full, or the output closed.
#[must_use]
pub fn dropped() -> u64 {
    let not_queued = NOT_QUEUED.get().map_or(0, ErrorCounter::dropped_lines);
    NOT_WRITTEN.load(Ordering::Relaxed) + not_queued as u64
}

/// The queue, and what writes out its rest when dropped: for about a second at most.
pub(super) fn open() -> Result<(NonBlocking, WorkerGuard), Cause> {
    // A descriptor of its own: no lock is held while a write stands still.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let (queue, rest) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(QUEUE)
        .thread_name("log")
        .finish(Output {
            file: output,
            lines: Vec::with_capacity(BATCH),
            count: 0,
        });
    NOT_QUEUED.set(queue.error_counter()).ok();
    Ok((queue, rest))
}

/// An output whose end is no error: the service goes on without it.
struct Output {
    file: File,
    lines: Vec<u8>,
    count: u64,
}

impl Output {
    fn write_out(&mut self) {
        let mut rest = &self.lines[..];
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(written) if written > 0 => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A pipe that somebody made non-blocking is full. The next line must not continue a
                // torn one.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                _ => {
                    NOT_WRITTEN.fetch_add(self.count, Ordering::Relaxed);
                    break;
                }
            }
        }
        self.lines.clear();
        self.count = 0;
    }
}

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.extend_from_slice(line);
        self.count += 1;
        if self.lines.len() >= BATCH {
            self.write_out();
        }
        Ok(line.len())
    }

    /// Called whenever the queue is empty.
    fn flush(&mut self) -> io::Result<()> {
        self.write_out();
        thread::sleep(PAUSE);
        Ok(())
    }
}
