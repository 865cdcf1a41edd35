//! The signing key in a file, the next one and the retired ones beside it, and how they rotate.
//!
//! `jwt.pem` signs. `jwt.pem.next` is published and accepted, so that other services know it before
//! it signs. `jwt.pem.retired` is a JWK set of public keys whose tokens may still be about.
//! `jwt.pem.secret` is the secret that outlives them all ([`secret_key`]).

use super::{
    keys::pem,
    secret_key::{self, SecretKey},
};
use crate::{
    config::Config,
    error::{Cause, about},
};
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, JwkSet},
};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use time::OffsetDateTime;

/// How long a key is published before it may sign: twice what others may keep the key set for.
const PUBLISHED_FOR: Duration = Duration::from_mins(10);
/// How long a retired key is kept: longer than any token that it signed lives.
const RETIRED_FOR: Duration = Duration::from_mins(20);

type Result<T> = std::result::Result<T, Cause>;

/// The public keys beside a signing key: the next one and the retired ones.
pub fn beside(signing: &Path) -> Result<Vec<Jwk>> {
    let mut keys = Vec::new();
    if let Some(pem) = read(&next(signing))? {
        keys.push(public(&pem).map_err(about(next(signing).display()))?);
    }
    keys.extend(retired(signing)?);
    Ok(keys)
}

/// When a signing key was made: a rotation moves its file and leaves its time alone.
pub fn made_at(signing: &Path) -> Option<OffsetDateTime> {
    let written = fs::metadata(signing).and_then(|file| file.modified());
    written.ok().map(OffsetDateTime::from)
}

/// The secret kept beside a signing key, as text; none before the first rotation.
pub(super) fn secret(signing: &Path) -> Result<Option<String>> {
    read(&secret_path(signing))
}

/// The files at a signing key's place that nobody else may read: those that there are.
#[must_use]
pub fn secret_files(signing: &Path) -> Vec<PathBuf> {
    let files = [signing.to_owned(), next(signing), secret_path(signing)];
    files.into_iter().filter(|file| file.exists()).collect()
}

/// How long ago the next key was made; none when no rotation is under way.
pub fn age_of_next(signing: &Path, now: SystemTime) -> Result<Option<Duration>> {
    age(&next(signing), now)
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// A next key is there, to be published from the next start on.
    Prepared,
    /// The next key signs from the next start on, the former one is accepted.
    Switched,
}

impl std::fmt::Display for Rotated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Prepared => {
                "A next key was made. Restart every replica: from then on it is published.\n\
                 Run this command again at least 10 minutes later: then it is made to sign."
            }
            Self::Switched => {
                "The next key took its place. Restart every replica: from then on it signs.\n\
                 The former key stays accepted; it is dropped when a rotation begins 20 minutes later or more."
            }
        })
    }
}

/// The next step of a rotation: makes the next key, or, once that was published for long enough,
/// puts it in the place of the signing one.
///
/// # Errors
/// There is no key yet, the next one is too young, or a file can't be read or written: in words for
/// who asked.
pub fn rotate(signing: &Path, now: SystemTime) -> Result<Rotated> {
    let current = read(signing)?
        .ok_or_else(|| format!("there is no key to rotate at {}", signing.display()))?;
    // While the key that it comes of still signs: replicas derive the same until they read it here.
    if secret(signing)?.is_none() {
        let key = secret_key::of_signing_key(&current)?;
        write(&secret_path(signing), &secret_key::text(&key))?;
    }
    let Some(age) = age(&next(signing), now)? else {
        if age(&retired_path(signing), now)?.is_some_and(|age| age >= RETIRED_FOR) {
            let retired = retired_path(signing);
            fs::remove_file(&retired).map_err(about(retired.display()))?;
        }
        write(&next(signing), &pem::generate_private_key()?)?;
        return Ok(Rotated::Prepared);
    };
    if let Some(missing) = PUBLISHED_FOR.checked_sub(age)
        && !missing.is_zero()
    {
        return Err(format!(
            "the next key is too young to sign: other services may not know it yet; try again in {} minutes",
            missing.as_secs().div_ceil(60)
        )
        .into());
    }
    let mut keys = vec![public(&current)?];
    keys.extend(retired(signing)?);
    let set = serde_json::to_string(&JwkSet { keys })?;
    // In this order: whenever it stops in between, no key is lost.
    write(&retired_path(signing), &set)?;
    fs::rename(next(signing), signing).map_err(about(signing.display()))?;
    Ok(Rotated::Switched)
}

fn next(signing: &Path) -> PathBuf {
    with_ending(signing, ".next")
}

fn retired_path(signing: &Path) -> PathBuf {
    with_ending(signing, ".retired")
}

fn secret_path(signing: &Path) -> PathBuf {
    with_ending(signing, ".secret")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn public(pem: &str) -> Result<Jwk> {
    pem::check_private_key(pem)?;
    let key = EncodingKey::from_rsa_pem(pem.as_bytes())?;
    Ok(Jwk::from_encoding_key(&key, Algorithm::RS256)?)
}

fn retired(signing: &Path) -> Result<Vec<Jwk>> {
    let path = retired_path(signing);
    match read(&path)? {
        Some(text) => {
            let set: JwkSet = serde_json::from_str(&text).map_err(about(path.display()))?;
            Ok(set.keys)
        }
        None => Ok(Vec::new()),
    }
}

fn read(path: &Path) -> Result<Option<String>> {
    found(path, fs::read_to_string(path))
}

fn age(path: &Path, now: SystemTime) -> Result<Option<Duration>> {
    let written = found(path, fs::metadata(path).and_then(|file| file.modified()))?;
    Ok(written.map(|at| now.duration_since(at).unwrap_or_default()))
}

fn found<T>(path: &Path, outcome: io::Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(about(path.display())(error)),
    }
}

/// Whole or not at all, and for its owner's eyes only.
fn write(path: &Path, text: &str) -> Result<()> {
    let half = with_ending(path, ".half");
    let mut open = OpenOptions::new();
    open.write(true).create(true).truncate(true).mode(0o600);
    let written = open.open(&half).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&half, path)
    });
    written.map_err(about(path.display()))
}

/// The secret of this configuration; `pem` is the signing key.
///
/// # Errors
/// The file beside the key can't be read or holds something else.
pub fn secret_of(config: &Config, pem: &str) -> Result<SecretKey> {
    if let Some(key) = &config.secret_key {
        return Ok(key.clone());
    }
    let kept = config.jwt_key_file.as_deref().map(secret);
    match kept.transpose()?.flatten() {
        Some(text) => secret_key::parse(&text).map_err(about("the secret beside the signing key")),
        None => Ok(secret_key::of_signing_key(pem)?),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_published_before_it_signs_and_accepted_after() {
        let folder = tempfile::tempdir().unwrap();
        let signing = folder.path().join("jwt.pem");
        let now = SystemTime::now();
        assert!(rotate(&signing, now).is_err(), "nothing to rotate");
        let old = pem::generate_private_key().unwrap();
        write(&signing, &old).unwrap();
        assert!(beside(&signing).unwrap().is_empty());

        assert_eq!(rotate(&signing, now).unwrap(), Rotated::Prepared);
        let secret = secret(&signing).unwrap();
        let derived = secret_key::of_signing_key(&old).unwrap();
        assert_eq!(secret, Some(secret_key::text(&derived)));
        let published = beside(&signing).unwrap();
        assert_eq!(published.len(), 1);
        // From when it was made: making a key takes a while.
        let later = SystemTime::now() + PUBLISHED_FOR;
        assert!(rotate(&signing, now).is_err(), "too young");
        assert_eq!(read(&signing).unwrap().unwrap(), old);

        assert_eq!(rotate(&signing, later).unwrap(), Rotated::Switched);
        let new = read(&signing).unwrap().unwrap();
        assert_eq!(public(&new).unwrap(), published[0]);
        assert_eq!(beside(&signing).unwrap(), [public(&old).unwrap()]);

        let much_later = later + RETIRED_FOR;
        assert_eq!(rotate(&signing, much_later).unwrap(), Rotated::Prepared);
        assert_ne!(beside(&signing).unwrap(), [public(&old).unwrap()]);
        assert_eq!(super::secret(&signing).unwrap(), secret, "it stays");
    }
}
