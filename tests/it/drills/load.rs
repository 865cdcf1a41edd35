//! People who use the service all the time, each doing one thing after another.

use super::{
    fleet::Place,
    ledger::{Account, Heeded, Kind, Ledger, Outcome},
    person::Person,
};
use crate::support::{Answer, Api, Call, Sink, bare_client};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinHandle, time::sleep};
use uuid::Uuid;

/// Longer than the 10 s within which the service answers everything.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a busy machine may take to be itself again before a drill gives up.
const RECOVERY_PATIENCE: Duration = Duration::from_mins(1);
/// What somebody waits before trying again.
const PAUSE: Duration = Duration::from_millis(50);
/// What somebody thinks between two things.
const THOUGHT: Duration = Duration::from_millis(20);

/// What people do when everything is of interest.
pub const EVERYTHING: &[Kind] = &[
    Kind::Register,
    Kind::Profile,
    Kind::Follow,
    Kind::Refresh,
    Kind::Avatar,
    Kind::Follow,
    Kind::Profile,
    Kind::LogIn,
    Kind::Unfollow,
    Kind::Refresh,
    Kind::RegisterTaken,
];

/// What all people share.
pub struct Load {
    apis: Vec<Api>,
    pub sink: Sink,
    pub ledger: Ledger,
    pub mix: &'static [Kind],
    pub prefix: String,
    /// Who can be followed.
    pub known: Mutex<Vec<Uuid>>,
    over: AtomicBool,
}

/// A load that runs.
pub struct Running {
    pub load: Arc<Load>,
    people: Vec<JoinHandle<Vec<Account>>>,
}

/// What an answer means, and the answer if there was one.
pub struct Reply {
    pub outcome: Outcome,
    pub answer: Option<Answer>,
}

impl Running {
    /// So many people doing these things; all are logged in once this returns. Their names begin
    /// with `prefix`.
    pub async fn start(prefix: &str, place: &Place, people: usize, mix: &'static [Kind]) -> Self {
        let load = Load::new(prefix, place, mix);
        let joining = (0..people).map(|number| Person::join(Arc::clone(&load), number));
        let joined = futures_util::future::join_all(joining).await;
        let people = joined.into_iter();
        Self {
            people: people.map(|person| tokio::spawn(person.live())).collect(),
            load,
        }
    }

    /// Lets everybody finish what they do, and gives what must be true.
    pub async fn stop(self) -> (Arc<Load>, Vec<Account>) {
        self.load.over.store(true, Ordering::Relaxed);
        let mut accounts = Vec::new();
        for person in self.people {
            accounts.extend(person.await.expect("nobody panics"));
        }
        (self.load, accounts)
    }

    /// Waits until a whole second had no failure since `end`, and gives how long the first success
    /// and that second took to come.
    pub async fn recovered(&self, end: Instant, heeded: Heeded) -> (Duration, Duration) {
        let ledger = &self.load.ledger;
        while end.elapsed() < RECOVERY_PATIENCE {
            if let Some(times) = ledger.recovery(end, heeded) {
                return times;
            }
            sleep(PAUSE).await;
        }
        panic!("no recovery: {:?}", self.failures_since(end));
    }

    /// What was asked since then and failed: how, and how much later.
    pub fn failures_since(&self, end: Instant) -> Vec<(Kind, Outcome, Duration)> {
        self.load.ledger.failures_since(end)
    }
}

impl Load {
    /// For people who do these things; nobody is there yet.
    pub fn new(prefix: &str, place: &Place, mix: &'static [Kind]) -> Arc<Self> {
        let client = bare_client().tls_certs_only([]).timeout(PATIENCE);
        let client = client.build().expect("a client");
        let urls = place.urls.iter();
        Arc::new(Self {
            apis: urls.map(|url| Api::with(client.clone(), url)).collect(),
            sink: place.sink.clone(),
            ledger: Ledger::default(),
            mix,
            prefix: prefix.to_owned(),
            known: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// Whether people are to stop.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// The API of one replica or the other.
    pub fn api(&self, number: usize) -> &Api {
        &self.apis[number % self.apis.len()]
    }

    /// Sends a request and writes down what came of it.
    pub async fn ask(&self, kind: Kind, call: Call) -> Reply {
        let number = self.ledger.ask(kind);
        let (outcome, answer) = match call.try_send().await {
            Ok(answer) => (meaning(&answer), Some(answer)),
            Err(error) if error.is_connect() => (Outcome::Unreached, None),
            Err(_) => (Outcome::Unanswered, None),
        };
        self.ledger.note(number, outcome);
        if let (Outcome::Broken, Some(answer)) = (outcome, &answer) {
            let what = format!("{kind:?}: {} {}", answer.status, answer.text());
            self.ledger.note_surprise(what);
        }
        sleep(if outcome.is_failure() { PAUSE } else { THOUGHT }).await;
        Reply { outcome, answer }
    }
}

fn meaning(answer: &Answer) -> Outcome {
    match answer.status {
        200..300 => Outcome::Done,
        400..500 => Outcome::Refused,
        503 if answer.header("retry-after").is_some() => Outcome::Unavailable,
        _ => Outcome::Broken,
    }
}
