//! How many files, and so connections, a process may have open.

use super::Finding;
use crate::ops::{open_files, server};

/// The limit of this process: the service's is the same when it is started from the same place.
pub(super) fn check() -> Finding {
    let limit = open_files::raise();
    let (wanted, places) = (server::MAX_CONNECTIONS, server::most_connections(limit));
    if places == wanted {
        return Finding::ok(format!("enough for {wanted} connections"));
    }
    Finding::warn(
        format!("{limit} at once: enough for {places} connections instead of {wanted}, more wait"),
        "raise it where the service is started: LimitNOFILE of systemd, `ulimit -n` in a shell",
    )
}
