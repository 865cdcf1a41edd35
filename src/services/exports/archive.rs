//! A zip that is written from front to back and kept in pieces: none of it stays in memory.

use crate::{
    App, Error, Result,
    storage::exports::{self, Claimed},
};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};
use time::OffsetDateTime;
use zip::{
    DateTime, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// How many bytes a piece has at least; a page of rows more at most.
const PIECE: usize = 256 * 1024;

/// What the zip writer wrote and nobody took yet.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A zip in the making, by who holds the claim.
pub(super) struct Archive<'a> {
    app: &'a App,
    claimed: &'a Claimed,
    zip: Box<ZipWriter<StreamWriter<Pipe>>>,
    pipe: Pipe,
    options: SimpleFileOptions,
    pieces: i32,
    size: i64,
}

impl<'a> Archive<'a> {
    pub(super) fn new(app: &'a App, claimed: &'a Claimed) -> Self {
        let pipe = Pipe::default();
        Self {
            app,
            claimed,
            zip: Box::new(ZipWriter::new_stream(pipe.clone())),
            pipe,
            options: SimpleFileOptions::default().last_modified_time(dos(app.clock.now())),
            pieces: 0,
            size: 0,
        }
    }

    /// Begins the next file.
    pub(super) fn file(&mut self, name: &str) -> Result<()> {
        self.zip
            .start_file(name, self.options)
            .map_err(Error::internal)
    }

    /// Goes on with the file.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.zip.write_all(bytes).map_err(Error::internal)?;
        if self.pipe.len() >= PIECE {
            self.keep().await?;
        }
        Ok(())
    }

    /// Ends the zip and says how many bytes it has.
    pub(super) async fn end(mut self) -> Result<i64> {
        self.write_end()?;
        self.keep().await?;
        Ok(self.size)
    }

    fn write_end(&mut self) -> Result<()> {
        let none = Box::new(ZipWriter::new_stream(Pipe::default()));
        let zip = std::mem::replace(&mut self.zip, none);
        zip.finish().map(drop).map_err(Error::internal)
    }

    async fn keep(&mut self) -> Result<()> {
        let piece = self.pipe.take();
        let db = self.app.db.get().await?;
        let passed = self.app.clock.passed();
        if !exports::add_part(&db, self.claimed, self.pieces, &piece, passed).await? {
            return Err(Error::unavailable("somebody else makes this copy by now"));
        }
        self.pieces += 1;
        self.size += i64::try_from(piece.len()).map_err(Error::internal)?;
        Ok(())
    }
}

/// A time as zips have it.
fn dos(now: OffsetDateTime) -> DateTime {
    u16::try_from(now.year())
        .ok()
        .and_then(|year| {
            let (hour, minute, second) = now.to_hms();
            DateTime::from_date_and_time(year, now.month().into(), now.day(), hour, minute, second)
                .ok()
        })
        .unwrap_or_default()
}
