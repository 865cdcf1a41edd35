//! The database: whether it can be reached, as what, through what, and whether it can be right.

use super::{Finding, TIME};
use crate::{
    Config,
    config::Secret,
    database::{
        fitness, pool,
        pooler::{self, Seen},
    },
    error::Cause,
};
use std::time::Instant;
use tokio_postgres::Client;

/// Begins what a check asks: nothing is changed, nothing runs for long (two statements fit into the time
/// of a check), names are told in full, and a pooler has the connection back as it was.
pub(super) const BEGIN: &str = "begin read only; set local statement_timeout = '4s'; set local search_path = pg_catalog; \
    set local timezone = 'UTC'; set local application_name = 'users-service doctor'";
/// Ends it.
pub(super) const END: &str = "rollback";
const ABOUT: &str = "select current_setting('server_version'), \
    current_user::text, coalesce(host(inet_client_addr()), ''), \
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)";

/// What there is to say about the database, and a connection if it can be asked more.
pub(super) struct Reached {
    pub(super) findings: Vec<Finding>,
    pub(super) client: Option<Client>,
}

/// Looks at the database; none when none is configured.
pub(super) async fn connect(config: &Config) -> Result<Option<Reached>, Cause> {
    let Some(Secret(url)) = &config.database_url else {
        return Ok(None);
    };
    let reached = tokio::time::timeout(TIME, reach(url)).await;
    reached
        .map_err(|_| "no answer within 10 seconds")?
        .map(Some)
}

async fn reach(url: &str) -> Result<Reached, Cause> {
    let begin = Instant::now();
    let client = pool::direct(url).await?;
    let took = begin.elapsed().as_millis();
    let seen = pooler::look(url).await?;
    if let Some(fault) = seen.fault {
        return Ok(Reached {
            findings: vec![fault.into()],
            client: None,
        });
    }
    client.batch_execute(BEGIN).await?;
    let mut findings: Vec<_> = fitness::faults(&client)
        .await?
        .into_iter()
        .map(Finding::from)
        .collect();
    if findings.is_empty() {
        findings.push(about(&client, took).await?);
    }
    client.batch_execute(END).await?;
    findings.extend(of_the_way(&seen));
    Ok(Reached {
        findings,
        client: Some(client),
    })
}

async fn about(client: &Client, took: u128) -> Result<Finding, Cause> {
    let row = client.query_one(ABOUT, &[]).await?;
    let (version, user): (String, String) = (row.get(0), row.get(1));
    let (from, is_encrypted): (String, bool) = (row.get(2), row.get(3));
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
    Ok(Finding::ok(format!(
        "PostgreSQL {version} let {user} in within {took} ms"
    )))
}

fn of_the_way(seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    if seen.is_shared {
        findings.push(Finding::warn(
            "a pooler gives each transaction another connection, so no replica hears what others change",
            "fine where 5 s are soon enough; else have it pool sessions, or name PostgreSQL itself",
        ));
    }
    if !seen.not_taken.is_empty() {
        findings.push(Finding::warn(
            format!("not as asked for: {}", seen.not_taken.join(", ")),
            pooler::set_for_role(),
        ));
    }
    findings
}
