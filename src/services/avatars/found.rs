//! What a store of pictures holds, folder or bucket.

use std::io;
use time::OffsetDateTime;

/// The largest file that is read, in bytes: above all that we write.
pub(super) const MAX_FILE: u64 = 1024 * 1024;

/// A file that the store lists.
pub(super) struct Found {
    pub name: String,
    pub changed_at: OffsetDateTime,
}

/// Whether a file of this size may be taken into memory.
pub(super) fn require_picture(size: u64) -> io::Result<()> {
    if size > MAX_FILE {
        return Err(io::Error::other("what lies there is no picture of ours"));
    }
    Ok(())
}
