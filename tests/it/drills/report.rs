//! What came of a drill: insisted on, and written down for the table.

use super::{
    fleet::Watch,
    is_long,
    ledger::{Entry, Ledger, Outcome},
    verify::Verdict,
};
use std::{fmt::Write, fs, path::Path, time::Duration};

/// Within this the service is to be itself again, once the cause is gone.
const RECOVERY: Duration = Duration::from_secs(2);

/// The figures of one drill.
pub struct Report<'a> {
    /// Its place in the table, and its name.
    pub name: &'a str,
    pub ledger: &'a Ledger,
    pub verdict: &'a Verdict,
    /// How long the first success took, and a second without a failure.
    pub recovery: Option<(Duration, Duration)>,
    /// How long that may take. Only insisted on where nothing else runs.
    pub recovers_within: Duration,
    pub lives: Option<&'a Watch>,
    /// The most memory of a replica, in bytes.
    pub memory: Option<u64>,
    /// How many mails may have come once more.
    pub copies_allowed: usize,
    pub remark: String,
}

impl<'a> Report<'a> {
    /// A report on what was found, without figures of its own.
    pub fn new(name: &'a str, ledger: &'a Ledger, verdict: &'a Verdict) -> Self {
        Self {
            name,
            ledger,
            verdict,
            recovery: None,
            recovers_within: RECOVERY,
            lives: None,
            memory: None,
            copies_allowed: 0,
            remark: String::new(),
        }
    }

    /// Insists on the goals; a long drill is written down before that.
    #[track_caller]
    pub fn conclude(self) {
        let row = self.row();
        println!("{row}");
        if is_long() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/drills");
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(self.name.replace([' ', '/'], "-")), row).expect("a row");
        }
        let surprises = self.ledger.surprises();
        assert!(surprises.is_empty(), "{}: {surprises:#?}", self.name);
        assert!(self.verdict.is_clean(), "{}: {:#?}", self.name, self.verdict);
        let copies = self.verdict.copies;
        assert!(copies <= self.copies_allowed, "{copies} second mails");
        let failures = self.lives.map_or(0, Watch::failures);
        assert_eq!(failures, 0, "/livez is always 200");
        if let Some((_, calm)) = self.recovery.filter(|_| is_long()) {
            assert!(calm <= self.recovers_within, "recovered after {calm:?}");
        }
    }

    fn row(&self) -> String {
        let count = |outcome| self.ledger.count(|entry: &Entry| entry.outcome == outcome);
        let (_, name) = self.name.split_once(' ').unwrap_or_default();
        let asked = self.ledger.count(|entry| entry.outcome != Outcome::Unreached);
        let mut row = format!("| {name} | {asked} | {}", count(Outcome::Done));
        for number in [
            count(Outcome::Unavailable),
            count(Outcome::Unanswered),
            self.verdict.lost.len(),
            self.verdict.doubled.len(),
            self.verdict.half.len(),
            count(Outcome::Broken),
        ] {
            write!(row, " | {number}").expect("text");
        }
        let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
        let recovery = self.recovery.map_or(String::new(), |(first, calm)| {
            format!("{}, {}", seconds(first), seconds(calm))
        });
        let memory = self.memory.map_or(String::new(), |bytes| {
            format!("{} MB", bytes.div_ceil(1_000_000))
        });
        write!(row, " | {recovery} | {memory} | {} |\n", self.remark).expect("text");
        row
    }
}
