//! Whether the database has enough connections for the pools of all replicas.

use super::{Finding, Findings};
use crate::Config;
use tokio_postgres::Client;

/// How many the service may have by the server, the role and the database; how many others use;
/// how many the service uses, and from how many addresses. Limits of -1 are none. What kind others'
/// connections are is hidden: null.
const BUDGET: &str = "select
    current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
        - coalesce(current_setting('reserved_connections', true)::bigint, 0),
    (select rolconnlimit::bigint from pg_roles where rolname = current_user),
    (select datconnlimit::bigint from pg_database where datname = current_database()),
    count(*) filter (where not is_ours),
    count(*) filter (where is_ours),
    count(distinct coalesce(host(client_addr), 'socket')) filter (where is_ours)
    from (select client_addr, datname = current_database() and application_name = 'users-service' as is_ours
          from pg_stat_activity where datid is not null and pid <> pg_backend_pid()
            and coalesce(backend_type, 'client backend') = 'client backend') as sessions";

pub(super) async fn check(config: &Config, db: &Client) -> Findings {
    let row = db.query_one(BUDGET, &[]).await?;
    let (server, others): (i64, i64) = (row.get(0), row.get(3));
    let own_limits = [row.get::<_, i64>(1), row.get(2)];
    let limits = own_limits.into_iter().filter(|limit| *limit >= 0);
    let room = limits.chain([server - others]).min().unwrap_or(server);
    let (ours, addresses): (i64, i64) = (row.get(4), row.get(5));
    // Beside its pool each listens for notices, and watches how far replicas of the database are behind.
    let beside = 1 + i64::from(config.database_read_url.is_some());
    let each = i64::try_from(config.database_pool_size)? + beside;
    Ok(vec![judge(room, each, ours, addresses)])
}

/// There are at least as many replicas as addresses, and as it takes to have so many connections.
fn judge(room: i64, each: i64, ours: i64, addresses: i64) -> Finding {
    let replicas = addresses.max((ours + each - 1) / each).max(1);
    let needed = replicas * each;
    let seen = format!(
        "{replicas} × {each} may be needed (replicas seen × connections of each: its pool and a few beside), and there is room for {room}"
    );
    let to_do =
        "lower DATABASE_POOL_SIZE, or raise max_connections of PostgreSQL or the limit of the role";
    if needed > room {
        Finding::wrong(seen, to_do)
    } else if needed + each > room {
        Finding::warn(
            format!("{seen}: none for one more replica, as when a new version rolls out"),
            to_do,
        )
    } else {
        Finding::ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    #[test]
    fn there_must_be_room_for_every_replica_and_should_be_for_one_more() {
        for (room, ours, addresses, level) in [
            (97, 0, 0, Level::Ok),
            (20, 0, 0, Level::Ok),
            (19, 0, 0, Level::Warn),
            (9, 0, 0, Level::Wrong),
            (97, 4, 8, Level::Ok),
            (97, 4, 9, Level::Warn),
            (97, 4, 10, Level::Wrong),
            (97, 81, 1, Level::Warn),
            (97, 91, 1, Level::Wrong),
        ] {
            let finding = judge(room, 10, ours, addresses);
            assert_eq!(finding.level, level, "{finding}");
        }
    }
}
