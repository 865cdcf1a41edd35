//! Where pictures of failures are kept.

use std::{fs, path::PathBuf};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/screenshots");

/// The path for a picture of this.
pub fn path(name: &str) -> PathBuf {
    fs::create_dir_all(FOLDER).expect("a folder");
    let file: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    PathBuf::from(FOLDER).join(format!("{file}.png"))
}
