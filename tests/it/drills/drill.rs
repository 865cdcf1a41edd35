//! The course of a drill: a load, a fault, an end, a comparison.

use super::{
    fleet::Place,
    ledger::{Heeded, Kind, Outcome},
    load::Running,
    report::Report,
    verify::verify,
};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// A drill under way.
pub struct Drill {
    place: Place,
    pub running: Running,
    recovery: Option<(Duration, Duration)>,
}

impl Drill {
    /// So many people doing these things; all are logged in once this returns.
    pub async fn start(place: &Place, people: usize, mix: &'static [Kind]) -> Self {
        Self {
            place: place.clone(),
            running: Running::start("ana", place, people, mix).await,
            recovery: None,
        }
    }

    /// The cause is gone: waits until a whole second had no failure. The slowest time counts.
    /// Pictures don't: a replica makes two at a time and turns others away, which is no fault.
    pub async fn recovers(&mut self) {
        self.recovers_in(|kind| kind != Kind::Avatar).await;
    }

    /// The same, heeding what is named.
    pub async fn recovers_in(&mut self, heeded: Heeded) {
        let (first, calm) = self.running.recovered(Instant::now(), heeded).await;
        let (before, calm_before) = self.recovery.unwrap_or_default();
        self.recovery = Some((first.max(before), calm.max(calm_before)));
    }

    /// Waits until so many requests were acknowledged.
    pub async fn acknowledged(&self, count: usize) {
        let ledger = &self.running.load.ledger;
        while ledger.count(|entry| entry.is(Outcome::Done)) < count {
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the load and compares.
    pub async fn end(self) -> Report {
        let (load, accounts) = self.running.stop().await;
        let verdict = verify(&self.place, &accounts).await;
        let mut report = Report::new(load, verdict);
        report.recovery = self.recovery;
        report
    }
}
