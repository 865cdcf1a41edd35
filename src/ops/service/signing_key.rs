//! The signing key that a service starts with.

use crate::{
    Config,
    config::Secret,
    crypto::keys,
    error::{Cause, about},
};
use std::{fs, io::Write, path::Path};

/// The configured key, or one made once and kept under `DATA_DIR`.
pub(super) fn private_key(config: &Config) -> Result<String, Cause> {
    if let Some(Secret(pem)) = &config.jwt_private_key {
        return Ok(pem.clone());
    }
    let path = config.jwt_key_file.as_deref();
    let path = path.ok_or("there is no file for the signing key")?;
    if !path.exists() {
        create_private(path, &keys::generate_private_key()?).map_err(about(format!(
            "is not set, and none can be made at {} (DATA_DIR)",
            path.display()
        )))?;
    }
    fs::read_to_string(path).map_err(about(format!(
        "is not set, and the one at {} (DATA_DIR) can't be read",
        path.display()
    )))
}

/// Writes a file that only its owner reads; the first of several at once wins.
fn create_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension(format!("{}.tmp", uuid::Uuid::new_v4()));
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?
        .write_all(text.as_bytes())?;
    let outcome = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
