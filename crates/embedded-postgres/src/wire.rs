//! The few bytes of Postgres's protocol (version 3.0) that tell whether a database is ready and
//! make one. The application's own client is asynchronous and lives elsewhere; here a blocking
//! thread asks two questions.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use crate::place::USER;

/// Longer than any answer to what is asked here.
const PATIENCE: Duration = Duration::from_secs(10);

/// No answer to what is asked here is longer, in bytes.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// An open session.
pub(crate) struct Session(UnixStream);

/// Why there is no session, or why a statement failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody listens, or not Postgres.
    Silent,
    /// Postgres says no: SQLSTATE and message.
    Refused(String, String),
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Silent
    }
}

impl Session {
    /// Opens a session and waits until Postgres is ready for a statement: it accepts the user
    /// before it looks for the database, so less would not do.
    pub fn open(socket: &Path, database: &str) -> Result<Self, Failure> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut session = Self(stream);
        let mut packet = 196_608_u32.to_be_bytes().to_vec();
        packet.extend(format!("user\0{USER}\0database\0{database}\0\0").bytes());
        session.send(&packet)?;
        session.until_ready()?;
        Ok(session)
    }

    /// Runs one statement.
    pub fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        self.0.write_all(b"Q")?;
        self.send(format!("{sql}\0").as_bytes())?;
        self.until_ready()
    }

    fn send(&mut self, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
        self.0.write_all(&[&length.to_be_bytes(), body].concat())
    }

    fn until_ready(&mut self) -> Result<(), Failure> {
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head)?;
            let [kind, length @ ..] = head;
            let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
            if !(4..=LONGEST_MESSAGE).contains(&length) {
                return Err(Failure::Silent);
            }
            let mut body = vec![0; length - 4];
            self.0.read_exact(&mut body)?;
            match kind {
                b'Z' => return Ok(()),
                b'E' => return Err(Failure::Refused(field(&body, b'C'), field(&body, b'M'))),
                _ => {}
            }
        }
    }
}

/// A field of an error: a letter, then text up to a zero byte.
fn field(body: &[u8], letter: u8) -> String {
    body.split(|&byte| byte == 0)
        .find_map(|field| field.strip_prefix(&[letter]))
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .unwrap_or_default()
}
