//! Mails as files in a folder, for development and tests.

use super::Mail;
use crate::error::Cause;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use time::{format_description::BorrowedFormatItem, macros::format_description};

/// Sorts by time.
const STAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");

/// The file's name: when the mail came to be owed, then its id. The same at every attempt,
/// so that a second copy takes the place of the first.
pub(super) fn name(mail: &Mail) -> Result<String, Cause> {
    let id: String = mail
        .message_id
        .chars()
        .take_while(|c| *c != '@')
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    Ok(format!("{}-{id}.eml", mail.date.format(STAMP)?))
}

/// Writes a mail into the folder, which is made when it is missing. Whoever watches the
/// folder for `.eml` files sees whole mails only.
pub(super) async fn write(folder: PathBuf, name: String, mail: Vec<u8>) -> Result<(), Cause> {
    tokio::task::spawn_blocking(move || {
        write_now(&folder, &name, &mail)
            .map_err(|error| format!("can't write a mail into {}: {error}", folder.display()))
    })
    .await??;
    Ok(())
}

/// Mails hold links that work: nobody but the owner may read them.
fn write_now(folder: &Path, name: &str, mail: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let draft = folder.join(format!(".{name}.draft"));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(mail)?;
    file.sync_all()?;
    fs::rename(draft, folder.join(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mail::mailer::tests::mail;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn names_sort_by_time() {
        assert_eq!(name(&mail()).unwrap(), "20261122T143005.250Z-0198c0de.eml");
    }

    #[tokio::test]
    async fn a_second_copy_takes_the_place_of_the_first() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("new/mail");
        for text in ["first", "second"] {
            write(folder.clone(), "a.eml".to_owned(), text.into())
                .await
                .unwrap();
        }
        let files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap())
            .collect();
        assert_eq!(files.len(), 1);
        assert_eq!(fs::read_to_string(files[0].path()).unwrap(), "second");
        assert_eq!(
            files[0].metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[tokio::test]
    async fn a_folder_that_can_not_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = write(file.path().join("mail"), "a.eml".to_owned(), Vec::new()).await;
        assert!(error.unwrap_err().to_string().contains("mail"));
    }
}
