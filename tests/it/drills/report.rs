//! What came of a drill: insisted on, and written down for the table.

use super::{
    fleet::Fleet,
    is_long,
    ledger::{Entry, Outcome},
    load::Load,
    verify::Verdict,
};
use std::{fmt::Write, fs, path::Path, sync::Arc, time::Duration};

/// Within this the service is to be itself again once the cause is gone.
const RECOVERY: Duration = Duration::from_secs(2);

/// The figures of one drill.
pub struct Report {
    pub load: Arc<Load>,
    pub verdict: Verdict,
    /// How long the first success took, and a second without a failure.
    pub recovery: Option<(Duration, Duration)>,
    /// How long that may take. Insisted on only where nothing else runs.
    pub recovers_within: Duration,
    /// How many mails may have come once more.
    pub copies_allowed: usize,
    /// How often `/livez` was not 200.
    pub dead: usize,
    /// The most memory of a replica, in bytes.
    pub memory: Option<u64>,
    /// Answers that nobody should have got.
    surprises: Vec<String>,
}

impl Report {
    /// A report on a load and what was found after it.
    pub fn new(load: Arc<Load>, verdict: Verdict) -> Self {
        Self {
            surprises: load.ledger.surprises(),
            load,
            verdict,
            recovery: None,
            recovers_within: RECOVERY,
            copies_allowed: 0,
            dead: 0,
            memory: None,
        }
    }

    /// With the figures of these replicas, which must still run.
    pub fn of(mut self, fleet: &mut Fleet) -> Self {
        self.memory = Some(fleet.peak_memory());
        self.dead = fleet.deaths();
        self
    }

    /// Takes refusals with this status for right; gives how many there were.
    pub fn allow(&mut self, status: u16) -> usize {
        let before = self.surprises.len();
        let like = format!(": {status} ");
        self.surprises.retain(|what| !what.contains(&like));
        before - self.surprises.len()
    }

    /// Insists on the goals. The row of a long drill is written down before that: `name` begins
    /// with its place in the table.
    #[track_caller]
    pub fn conclude(self, name: &str, remark: &str) {
        let row = self.row(name, remark);
        println!("{row}");
        if is_long() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/drills");
            fs::create_dir_all(&folder).expect("a folder");
            let place = name.split(' ').next().unwrap_or_default();
            fs::write(folder.join(place), row).expect("a row");
        }
        let surprises = self.surprises;
        assert!(surprises.is_empty(), "{name}: {surprises:#?}");
        assert!(self.verdict.is_clean(), "{name}: {:#?}", self.verdict);
        let copies = self.verdict.copies;
        assert!(copies <= self.copies_allowed, "{copies} second mails");
        assert_eq!(self.dead, 0, "/livez is always 200");
        if let Some((_, calm)) = self.recovery.filter(|_| is_long()) {
            assert!(calm <= self.recovers_within, "recovered after {calm:?}");
        }
    }

    fn row(&self, name: &str, remark: &str) -> String {
        let ledger = &self.load.ledger;
        let count = |outcome| ledger.count(|entry: &Entry| entry.is(outcome));
        let (_, name) = name.split_once(' ').unwrap_or_default();
        let asked = ledger.count(|entry| !entry.is(Outcome::Unreached));
        let mut row = format!("| {name} | {asked} | {}", count(Outcome::Done));
        for number in [
            count(Outcome::Unavailable),
            count(Outcome::Unanswered),
            self.verdict.lost.len(),
            self.verdict.doubled.len(),
            self.verdict.half.len(),
            count(Outcome::Broken),
            self.verdict.copies,
        ] {
            write!(row, " | {number}").expect("text");
        }
        let recovery = self.recovery.map_or(String::new(), |(first, calm)| {
            format!("{:.1} s, {:.1} s", first.as_secs_f64(), calm.as_secs_f64())
        });
        let memory = self.memory.map_or(String::new(), |bytes| {
            format!("{} MB", bytes.div_ceil(1_000_000))
        });
        writeln!(row, " | {recovery} | {memory} | {remark} |").expect("text");
        row
    }
}
