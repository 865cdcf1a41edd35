//! How many files, and so connections, a process may have open.

use super::Finding;
use crate::{Config, ops::server::MAX_CONNECTIONS};
use rustix::process::{Resource, getrlimit};

/// For logs, libraries, the listener, mails and pictures.
const BESIDE: usize = 100;

/// The limit of this process: the service's is the same when it is started from the same place.
pub(super) fn check(config: &Config) -> Finding {
    let needed = MAX_CONNECTIONS + config.database_pool_size + BESIDE;
    let limit = getrlimit(Resource::Nofile).current;
    let enough = limit.is_none_or(|limit| limit >= needed as u64);
    if enough {
        Finding::ok(format!("enough for {MAX_CONNECTIONS} connections"))
    } else {
        let limit = limit.unwrap_or_default();
        Finding::warn(
            format!(
                "{limit} at once, and {needed} are needed for {MAX_CONNECTIONS} connections: more have to wait"
            ),
            "raise it where the service is started: LimitNOFILE of systemd, `ulimit -n` in a shell",
        )
    }
}
