//! Watches how far the replicas are behind: where the primary's log was and when, against where each
//! replica is in it now. Nothing is written, and no right is needed.

use crate::{
    App, Error, Result,
    database::{
        Pool,
        replicas::{self, Replica, Written},
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
/// How many places of the primary are remembered: ten minutes, with two looks each time.
const REMEMBERED: usize = 2_400;

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
        let timeline = history.timeline.clone();
        // Before the replicas are asked, so that they have had time to replay that; and after it, since
        // who follows is never where the primary has not been.
        history.look(&primary).await;
        let places = watched.iter().map(|one| in_time(one.replica.replayed()));
        let places = join_all(places).await;
        let written = history.look(&primary).await;
        let is_new_primary = !timeline.is_empty() && timeline != history.timeline;
        for (one, replayed) in watched.iter_mut().zip(places) {
            if let (true, Ok(Some(place))) = (is_new_primary, &replayed) {
                one.doubt.0 = Some(*place);
            }
            one.judge(&app, &history, replayed, written);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Where the primary's log ended at which moments, the newest last.
#[derive(Default)]
struct History {
    timeline: String,
    places: VecDeque<(Instant, PgLsn)>,
}

impl History {
    /// Asks where the primary's log ends; none when it does not say.
    async fn look(&mut self, primary: &Pool) -> Option<PgLsn> {
        // Before it is asked: what is committed until now is before the place that it tells.
        let now = Instant::now();
        let written = async { replicas::written(&primary.get().await?).await };
        let written = in_time(written).await.ok()?;
        let place = written.place;
        self.add(now, written);
        Some(place)
    }

    fn add(&mut self, now: Instant, written: Written) {
        if self.timeline != written.timeline {
            self.timeline = written.timeline;
            self.places.clear();
        }
        self.places.push_back((now, written.place));
        if self.places.len() > REMEMBERED {
            self.places.pop_front();
        }
    }

    /// The last moment at which the log ended no later than here.
    fn moment_of(&self, place: PgLsn) -> Option<Instant> {
        let mut newest_first = self.places.iter().rev();
        let (moment, _) = newest_first.find(|(_, written)| *written <= place)?;
        Some(*moment)
    }
}

/// Whether a replica follows the primary: one that was ahead of it followed a former one, and has what
/// the present one has not. The primary's log may pass its place, and it still has that. So each is
/// doubted too when another server became the primary, until it has moved.
#[derive(Default)]
struct Doubt(Option<PgLsn>);

impl Doubt {
    /// Looks at where a replica was, and where the primary was after that, if anybody knows. The doubt
    /// ends when the replica has moved while it was behind.
    fn look(&mut self, replica: PgLsn, primary: Option<PgLsn>) -> bool {
        let Some(primary) = primary else {
            return self.0.is_some();
        };
        if replica > primary {
            self.0 = Some(replica);
        } else if self.0 != Some(replica) {
            self.0 = None;
        }
        self.0.is_some()
    }
}

/// A replica, what was last known of it, and what was last said about it.
struct Watched<'a> {
    replica: &'a Replica,
    known: Instant,
    doubt: Doubt,
    said: Option<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Astray,
    Behind,
    Silent,
}

impl<'a> Watched<'a> {
    fn new(replica: &'a Replica) -> Self {
        Self {
            replica,
            known: Instant::now(),
            doubt: Doubt::default(),
            said: None,
        }
    }

    /// Judges by what the replica has replayed, and by where the primary's log ended after that.
    fn judge(
        &mut self,
        app: &App,
        history: &History,
        replayed: Result<Option<PgLsn>>,
        written: Option<PgLsn>,
    ) {
        let (as_of, is_astray) = match &replayed {
            Ok(Some(place)) if self.doubt.look(*place, written) => (None, true),
            Ok(Some(place)) => (history.moment_of(*place), false),
            _ => (None, false),
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
            Ok(_) if is_astray => State::Astray,
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
            (State::Astray, _) => {
                tracing::warn!(
                    host,
                    "the replica is ahead of the primary, so it followed a former one: the primary serves its reads"
                );
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
        let history = History {
            places: places.into(),
            ..History::default()
        };
        let of = |place: u64| history.moment_of(PgLsn::from(place));
        assert_eq!(of(99), None, "nobody knows how old");
        assert_eq!(of(100), Some(at(0)));
        assert_eq!(of(250), Some(at(2)), "an idle primary ages no replica");
        assert_eq!(of(300), Some(at(3)));
    }

    #[test]
    fn places_of_a_former_primary_say_nothing_of_the_present_one() {
        let mut history = History::default();
        let written = |timeline: &str, place: u64| Written {
            timeline: timeline.to_owned(),
            place: place.into(),
        };
        history.add(Instant::now(), written("00000001", 100));
        assert!(history.moment_of(150_u64.into()).is_some());
        history.add(Instant::now(), written("00000002", 200));
        assert_eq!(history.moment_of(150_u64.into()), None);
    }

    #[test]
    fn who_was_ahead_is_doubted_until_it_moves_while_it_is_behind() {
        let mut doubt = Doubt::default();
        let mut look = |replica: u64, primary: Option<u64>| {
            doubt.look(replica.into(), primary.map(PgLsn::from))
        };
        assert!(!look(100, Some(100)));
        assert!(!look(150, None), "nobody knows, as in a failover");
        assert!(look(150, Some(120)));
        assert!(look(150, None));
        assert!(
            look(150, Some(200)),
            "passed, and it still has what is lost"
        );
        assert!(!look(190, Some(200)), "rewound, it follows");
    }
}
