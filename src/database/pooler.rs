//! What stands between the service and PostgreSQL. A pooler may give each transaction another connection
//! of the server (transaction pooling). That is fine as long as it keeps prepared statements apart: else
//! a statement of one client runs under the name of another client's.

use super::{
    fitness::Fault,
    pool::{self, SETTINGS},
};
use crate::error::{Cause, causes, is_stale_statement};
use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// How often two clients are compared. A pooler that nobody else uses gives itself away at once, a busy
/// one as soon as another connection is the next.
const ROUNDS: usize = 5;
/// The text of a prepared statement, and how it is found again.
const PROBE: &str = "select 1 as users_service_looks_for_a_pooler";
const NAMES: &str = "select name from pg_prepared_statements \
    where statement = 'select 1 as users_service_looks_for_a_pooler'";
const BACKEND: &str = "select pg_backend_pid()";
const SET: &str = "select name, setting from pg_settings";

/// What was found.
#[derive(Debug, Default)]
pub struct Seen {
    /// Why the service can't work through it, if it can't.
    pub fault: Option<Fault>,
    /// Whether clients share connections, so that no notices are heard.
    pub is_shared: bool,
    /// The settings that were asked for and not taken, as `name=value`.
    pub not_taken: Vec<String>,
}

/// Looks, on two connections that ask for the same as the pool's. Changes nothing.
pub async fn look(url: &str) -> Result<Seen, Cause> {
    let mut one = match pool::like_the_pools(url).await {
        Ok(client) => client,
        Err(error) => {
            let said = causes(&*error);
            if !said.contains("startup parameter") {
                return Err(error);
            }
            return Ok(Seen {
                fault: Some(takes_no_settings(&said)),
                ..Seen::default()
            });
        }
    };
    let other = pool::like_the_pools(url).await?;
    let is_shared = are_shared(&one, &other).await?;
    let is_fine = !is_shared || keeps_statements_apart(&mut one).await?;
    Ok(Seen {
        fault: (!is_fine).then(mixes_statements),
        is_shared,
        not_taken: not_taken(&one).await?,
    })
}

/// Whether two clients have the same connection of the server in turn.
async fn are_shared(one: &Client, other: &Client) -> Result<bool, Error> {
    let own = rows(one, BACKEND).await?;
    for _ in 0..ROUNDS {
        if rows(other, BACKEND).await? == own || rows(one, BACKEND).await? != own {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a prepared statement has another name at the server than here, where it is `s` and a number
/// as at every other client.
async fn keeps_statements_apart(client: &mut Client) -> Result<bool, Error> {
    let look = async {
        let tx = client.transaction().await?;
        let _kept = tx.prepare(PROBE).await?;
        Ok::<_, Error>(texts(&tx.simple_query(NAMES).await?))
    };
    match look.await {
        Ok(names) => Ok(!names.iter().any(|name| is_ours(&name[0]))),
        Err(error) if is_stale_statement(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_ours(name: &str) -> bool {
    let number = name.strip_prefix('s').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

async fn not_taken(client: &Client) -> Result<Vec<String>, Error> {
    let mut differing = Vec::new();
    for row in rows(client, SET).await? {
        let asked = SETTINGS.iter().find(|(name, _)| *name == row[0]);
        if asked.is_some_and(|(_, value)| *value != row[1]) {
            differing.push(format!("{}={}", row[0], row[1]));
        }
    }
    Ok(differing)
}

/// The rows of a statement, asked without preparing it.
async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<String>>, Error> {
    Ok(texts(&client.simple_query(sql).await?))
}

fn texts(answer: &[SimpleQueryMessage]) -> Vec<Vec<String>> {
    let rows = answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let text = |column: Option<&str>| column.unwrap_or_default().to_owned();
    rows.map(|row| (0..row.len()).map(|n| text(row.get(n))).collect())
        .collect()
}

fn takes_no_settings(said: &str) -> Fault {
    Fault {
        found: format!("a pooler before PostgreSQL takes no settings for a connection ({said})"),
        to_do: format!(
            "have it ignore them (PgBouncer: `ignore_startup_parameters = options`), and {}",
            set_for_role()
        ),
    }
}

fn mixes_statements() -> Fault {
    Fault {
        found: "a pooler before PostgreSQL gives each transaction another connection and does not keep \
            prepared statements apart: one client would run those of another"
            .to_owned(),
        to_do: "have it pool sessions (PgBouncer: `pool_mode = session`), or keep them apart (PgBouncer 1.21 or \
            newer with `max_prepared_statements` above 0)"
            .to_owned(),
    }
}

/// What to do about settings that were not taken.
#[must_use]
pub fn set_for_role() -> String {
    let set = SETTINGS.map(|(name, value)| format!("{name} = '{value}'"));
    format!(
        "set them for the role, each by `alter role … set`: {}",
        set.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn names_of_our_statements_are_known() {
        assert!(is_ours("s0") && is_ours("s127"));
        for name in ["", "s", "PGBOUNCER_1", "s1x", "S1"] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
