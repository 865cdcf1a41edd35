//! The database: whether it can be reached, as what, and how old it is.

use super::{Finding, TIME};
use crate::{Config, config::Secret, error::Cause, storage::pool};
use std::time::Instant;
use tokio_postgres::Client;

/// The oldest that the service runs on, as `server_version_num` says it.
const OLDEST: i32 = 150_000;
/// Nothing is changed, nothing runs for long (two statements fit into the time of a check), and names
/// are told in full.
pub(super) const SETTINGS: &str = "set default_transaction_read_only = on; set statement_timeout = '4s'; \
    set search_path = pg_catalog; set timezone = 'UTC'; set application_name = 'users-service doctor'";
const ABOUT: &str = "select current_setting('server_version_num')::int, current_setting('server_version'), \
    current_user::text, coalesce(host(inet_client_addr()), ''), \
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)";

/// A connection that only reads, and what there is to say about the database; none when none is
/// configured.
pub(super) async fn connect(config: &Config) -> Result<Option<(Client, Finding)>, Cause> {
    let Some(Secret(url)) = &config.database_url else {
        return Ok(None);
    };
    let begin = Instant::now();
    let both = tokio::time::timeout(TIME, async {
        let client = pool::direct(url).await?;
        client.batch_execute(SETTINGS).await?;
        let finding = about(&client, begin).await?;
        Ok::<_, Cause>((client, finding))
    });
    both.await
        .map_err(|_| "no answer within 10 seconds")?
        .map(Some)
}

async fn about(client: &Client, begin: Instant) -> Result<Finding, Cause> {
    let row = client.query_one(ABOUT, &[]).await?;
    let (number, version, user): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
    let (from, is_encrypted): (String, bool) = (row.get(3), row.get(4));
    if number < OLDEST {
        return Ok(Finding::wrong(
            format!("PostgreSQL {version} is too old"),
            "15 or newer is needed",
        ));
    }
    let is_near = from.is_empty()
        || from
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if !is_encrypted && !is_near {
        return Ok(Finding::warn(
            format!("PostgreSQL {version} is asked over the network without encryption"),
            "add sslmode=verify-full to DATABASE_URL",
        ));
    }
    let took = begin.elapsed().as_millis();
    Ok(Finding::ok(format!(
        "PostgreSQL {version} let {user} in within {took} ms"
    )))
}
