//! What is told nowhere.

use std::fmt;

/// A value that never shows in `Debug` output.
#[derive(Clone)]
pub struct Secret<T = String>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
