//! Whether the database is the one that is written to, and whether its standbys follow.

use super::{Finding, Findings};
use tokio_postgres::{Client, Row};

const WAITS: &str = "select current_setting('synchronous_standby_names') <> '' \
    and current_setting('synchronous_commit') not in ('off', 'local')";
/// Without the role `pg_monitor` state and delay are hidden: they are null then.
const STANDBYS: &str = "select coalesce(application_name, ''), coalesce(state, 'hidden'), coalesce(sync_state in ('sync', 'quorum'), false), \
    coalesce(extract(epoch from replay_lag), 0)::float8 from pg_stat_replication order by 1";
/// What is kept for a standby that does not come for it fills the disk.
const SLOTS: &str = "select slot_name::text from pg_replication_slots where not active order by 1";
/// How far a standby may be behind, in seconds.
const BEHIND: f64 = 10.0;

pub(super) async fn check(db: &Client) -> Findings {
    let waits_for_standby: bool = db.query_one(WAITS, &[]).await?.get(0);
    let standbys: Vec<Standby> = db
        .query(STANDBYS, &[])
        .await?
        .iter()
        .map(Standby::from)
        .collect();
    let mut found = judge(&standbys, waits_for_standby);
    for slot in db.query(SLOTS, &[]).await? {
        let name: &str = slot.get(0);
        found.push(Finding::warn(
            format!("nobody reads the replication slot {name}: what is kept for it fills the disk"),
            "start its standby, or drop the slot",
        ));
    }
    Ok(found)
}

struct Standby {
    name: String,
    state: String,
    is_synchronous: bool,
    behind: f64,
}

impl From<&Row> for Standby {
    fn from(row: &Row) -> Self {
        Self {
            name: row.get(0),
            state: row.get(1),
            is_synchronous: row.get(2),
            behind: row.get(3),
        }
    }
}

fn judge(standbys: &[Standby], waits_for_standby: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_hidden = standbys.iter().any(|standby| standby.state == "hidden");
    if waits_for_standby && !is_hidden && !standbys.iter().any(|standby| standby.is_synchronous) {
        found.push(Finding::wrong(
            "synchronous_standby_names is set and no such standby is attached: every commit waits for one",
            "start the standby, or take it out of synchronous_standby_names",
        ));
    }
    for Standby {
        name,
        state,
        behind,
        ..
    } in standbys
    {
        found.push(if !matches!(&**state, "streaming" | "hidden") || *behind > BEHIND {
            Finding::warn(
                format!("the standby {name} is {behind:.0} s behind ({state}): a failover would lose what it lacks, unless it is synchronous"),
                "see what holds it up",
            )
        } else {
            Finding::ok(format!("the standby {name} follows"))
        });
    }
    if found.is_empty() {
        found.push(Finding::ok(
            "this database is written to, and no standby is attached",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    fn standby(state: &str, is_synchronous: bool, behind: f64) -> Standby {
        Standby {
            name: "b".to_owned(),
            state: state.to_owned(),
            is_synchronous,
            behind,
        }
    }

    fn worst(standbys: &[Standby], waits_for_standby: bool) -> Level {
        let found = judge(standbys, waits_for_standby);
        found
            .into_iter()
            .map(|finding| finding.level)
            .max()
            .unwrap_or(Level::Ok)
    }

    #[test]
    fn standbys_must_follow_and_the_awaited_one_be_there() {
        assert_eq!(worst(&[], false), Level::Ok);
        assert_eq!(worst(&[], true), Level::Wrong);
        assert_eq!(
            worst(&[standby("streaming", false, 0.0)], true),
            Level::Wrong
        );
        assert_eq!(worst(&[standby("streaming", true, 0.1)], true), Level::Ok);
        assert_eq!(worst(&[standby("hidden", false, 0.0)], true), Level::Ok);
        assert_eq!(worst(&[standby("catchup", false, 0.0)], false), Level::Warn);
        assert_eq!(
            worst(&[standby("streaming", false, 11.0)], false),
            Level::Warn
        );
    }
}
