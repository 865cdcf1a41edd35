//! Watches how far the replicas are behind: where the primary's log was and when, against where each
//! replica is in it now. Nothing is written, and no right is needed.

use crate::{
    App, Error, Result,
    storage::{
        Pool,
        replicas::{self, Replica},
    },
};
use futures_util::future::join_all;
use metrics::gauge;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tokio_postgres::types::PgLsn;

/// How often. What a replica shows can't be proven younger than this.
const EVERY: Duration = Duration::from_millis(500);
/// How long a server may take to say where it is.
const ANSWER_TIME: Duration = Duration::from_secs(1);
/// How many places of the primary are remembered: ten minutes.
const REMEMBERED: usize = 1_200;

/// Watches until the service ends. The connection to `primary` is its own: when the service's
/// pool is exhausted, the replicas are needed most.
pub async fn run(app: App, primary: Pool) {
    let each = app.replicas.each();
    if each.is_empty() {
        return;
    }
    let mut history = History::default();
    let mut watched: Vec<_> = each.iter().map(Watched::new).collect();
    loop {
        history.look(&primary).await;
        join_all(watched.iter_mut().map(|one| one.look(&app, &history))).await;
        tokio::time::sleep(EVERY).await;
    }
}

/// Where the primary's log ended at which moments, the newest last.
#[derive(Default)]
struct History(VecDeque<(Instant, PgLsn)>);

impl History {
    async fn look(&mut self, primary: &Pool) {
        // Before it is asked: what is committed until now is before the place that it tells.
        let now = Instant::now();
        let written = async { replicas::written(&primary.get().await?).await };
        if let Ok(written) = in_time(written).await {
            self.0.push_back((now, written));
            if self.0.len() > REMEMBERED {
                self.0.pop_front();
            }
        }
    }

    /// The last moment at which the log ended no later than here.
    fn moment_of(&self, place: PgLsn) -> Option<Instant> {
        let mut newest_first = self.0.iter().rev();
        let (moment, _) = newest_first.find(|(_, written)| *written <= place)?;
        Some(*moment)
    }
}

/// A replica, what was last known of it, and what was last said about it.
struct Watched<'a> {
    replica: &'a Replica,
    known: Instant,
    said: Option<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Behind,
    Silent,
}

impl<'a> Watched<'a> {
    fn new(replica: &'a Replica) -> Self {
        Self {
            replica,
            known: Instant::now(),
            said: None,
        }
    }

    async fn look(&mut self, app: &App, history: &History) {
        let replayed = in_time(self.replica.replayed()).await;
        let as_of = match &replayed {
            Ok(Some(place)) => history.moment_of(*place),
            _ => None,
        };
        self.replica.shows(as_of);
        self.known = as_of.unwrap_or(self.known);
        let lag = self.known.elapsed();
        let lag_seconds = match &replayed {
            // Nothing that could be behind.
            Ok(None) => f64::NAN,
            _ => lag.as_secs_f64(),
        };
        let host = self.replica.host();
        gauge!("db_replica_lag_seconds", "host" => host.to_owned()).set(lag_seconds);
        let state = match &replayed {
            Err(_) => State::Silent,
            Ok(Some(_)) if as_of.is_some() && lag <= app.replicas.max_lag() => State::Fresh,
            Ok(_) => State::Behind,
        };
        if self.said.replace(state) == Some(state) {
            return;
        }
        match (state, replayed) {
            (State::Fresh, _) => tracing::info!(host, lag_seconds, "reads come from the replica"),
            (_, Err(error)) => {
                tracing::warn!(host, %error, "the replica does not answer: the primary serves its reads");
            }
            (_, Ok(None)) => {
                tracing::warn!(
                    host,
                    "no replica, but a primary of its own: the primary serves its reads"
                );
            }
            (_, Ok(Some(_))) => {
                tracing::warn!(
                    host,
                    lag_seconds,
                    "the replica is behind: the primary serves its reads"
                );
            }
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(ANSWER_TIME, work)
        .await
        .map_err(Error::unavailable)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_as_old_as_the_newest_place_that_it_has_reached() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let places = [(0, 100), (1, 200), (2, 200), (3, 300)];
        let places = places.map(|(second, place)| (at(second), PgLsn::from(place)));
        let history = History(places.into());
        let of = |place: u64| history.moment_of(PgLsn::from(place));
        assert_eq!(of(99), None, "nobody knows how old");
        assert_eq!(of(100), Some(at(0)));
        assert_eq!(of(250), Some(at(2)), "an idle primary ages no replica");
        assert_eq!(of(300), Some(at(3)));
    }
}
