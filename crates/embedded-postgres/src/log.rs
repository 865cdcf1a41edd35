//! The file that gets what Postgres's programs say.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::error::Error;

/// In bytes. A longer file is put aside at the next start.
const LONGEST: u64 = 1024 * 1024;

/// How many lines an error shows.
const LINES_SHOWN: usize = 12;

/// The log, open for one run of a program.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    /// Where this run begins.
    begin: u64,
}

impl Log {
    /// Opens the log at its end.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if fs::metadata(path).is_ok_and(|found| found.len() > LONGEST) {
            fs::rename(path, path.with_extension("log.old")).map_err(Error::io("rename", path))?;
        }
        let open = || {
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            let begin = file.metadata()?.len();
            Ok(Self {
                path: path.to_owned(),
                file,
                begin,
            })
        };
        open().map_err(Error::io("open", path))
    }

    /// For a child's standard output and standard error. We open the file, so the child's user
    /// needs no right to.
    pub fn outputs(&self) -> Result<(Stdio, Stdio), Error> {
        let copies = || Ok((self.file.try_clone()?.into(), self.file.try_clone()?.into()));
        copies().map_err(Error::io("open", &self.path))
    }

    /// The error that says `what` happened and shows the last lines of this run.
    pub fn failure(&self, what: String) -> Error {
        let said = self
            .said()
            .unwrap_or_else(|error| format!("(cannot be read: {error})"));
        let lines: Vec<&str> = said.lines().collect();
        let tail = lines
            .get(lines.len().saturating_sub(LINES_SHOWN)..)
            .unwrap_or_default()
            .join("\n");
        Error::Failed {
            what,
            log: self.path.clone(),
            tail,
        }
    }

    fn said(&self) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.begin))?;
        let mut said = Vec::new();
        file.take(LONGEST).read_to_end(&mut said)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}
