//! A load: people who change and read what is theirs, one request after another, and write down
//! every answer.

use super::{Api, Call, PASSWORD, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinHandle};
use uuid::Uuid;

/// How often somebody registers: once in so many rounds, since hashing passwords takes a while.
const ROUNDS_A_REGISTRATION: u64 = 8;

/// How many of them wait for a hash of a password at once: what the service can always take. Beyond
/// what it can do within seconds it answers 503 on purpose, and a busy machine can do little.
const HASHES: usize = 4;

/// How old what is read may be.
const AGE: Duration = Duration::from_secs(5);

/// A running load.
pub struct Load {
    stop: Arc<AtomicBool>,
    people: Vec<JoinHandle<Caller>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many requests were sent.
    pub requests: u64,
    /// What was answered to those that failed.
    pub failures: Vec<String>,
    /// What was acknowledged and is not so.
    pub lost: Vec<String>,
}

/// One of the people, with what the service acknowledged so far.
struct Caller {
    api: Api,
    number: u64,
    id: Uuid,
    friend: Uuid,
    refresh_token: String,
    bio: Value,
    follows: bool,
    registered: Vec<String>,
    requests: u64,
    failures: Vec<String>,
    hashes: Arc<Semaphore>,
}

impl Load {
    /// Has so many people log in and then call the service without a pause, each through a client of their own.
    pub async fn start(app: &TestApp, people: usize, client: impl Fn() -> Api) -> Self {
        let ids = app.crowd(people, "load").await;
        let stop = Arc::new(AtomicBool::new(false));
        let hashes = Arc::new(Semaphore::new(HASHES));
        let callers = ids.iter().enumerate().map(|(n, id)| Caller {
            api: client(),
            number: n as u64,
            id: *id,
            friend: ids[(n + 1) % ids.len()],
            refresh_token: String::new(),
            bio: Value::Null,
            follows: false,
            registered: Vec::new(),
            requests: 0,
            failures: Vec::new(),
            hashes: Arc::clone(&hashes),
        });
        let logged_in = callers.map(async |mut caller| {
            caller.log_in().await;
            caller
        });
        let people = join_all(logged_in).await.into_iter().map(|mut caller| {
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                // Not all of them register in the same round.
                let mut round = caller.number;
                while !stop.load(Ordering::Relaxed) {
                    caller.round(round).await;
                    round += 1;
                }
                caller
            })
        });
        Self {
            people: people.collect(),
            stop,
        }
    }

    /// Ends it, and compares what was acknowledged with what the database has.
    pub async fn end(self, app: &TestApp) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut tally = Tally::default();
        for caller in self.people {
            let caller = caller.await.expect("a caller");
            tally.lost.extend(caller.missing(app).await);
            tally.requests += caller.requests;
            tally.failures.extend(caller.failures);
        }
        tally
    }
}

impl Caller {
    async fn log_in(&mut self) {
        let typed =
            json!({ "email": format!("load{}@example.org", self.number), "password": PASSWORD });
        let call = self.api.request("POST", "/api/auth/login").json(&typed);
        let hashes = Arc::clone(&self.hashes);
        let _hash = hashes.acquire().await.expect("never closed");
        self.take_tokens(call).await;
    }

    /// The replica that did not write hears of it a moment later.
    async fn read_back(&mut self) {
        let wrote = Instant::now();
        loop {
            let call = self.api.request("GET", "/api/users/me");
            match self.ask(call, 200).await {
                Some(me) if me["bio"] != self.bio => {
                    if wrote.elapsed() > AGE {
                        self.failures.push(format!("read {me}, wrote {}", self.bio));
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    async fn round(&mut self, round: u64) {
        let bio = json!(format!("round {round}"));
        let call = self.api.request("PATCH", "/api/users/me");
        if let Some(me) = self.ask(call.json(&json!({ "bio": bio })), 200).await {
            self.bio = me["bio"].clone();
        }
        self.read_back().await;
        let (method, status) = if self.follows {
            ("DELETE", 204)
        } else {
            ("POST", 201)
        };
        let path = format!("/api/users/{}/follow", self.friend);
        let call = self.api.request(method, &path);
        if self.ask(call, status).await.is_some() {
            self.follows = !self.follows;
        }
        let call = self.api.request("GET", "/login");
        self.ask(call, 200).await;
        let cookie = format!("refresh_token={}", self.refresh_token);
        let call = self.api.request("POST", "/api/auth/refresh");
        self.take_tokens(call.header("Cookie", &cookie)).await;
        if round.is_multiple_of(ROUNDS_A_REGISTRATION) {
            let hashes = Arc::clone(&self.hashes);
            let _hash = hashes.acquire().await.expect("never closed");
            let username = format!("new{}x{round}", self.number);
            let email = format!("{username}@example.org");
            let typed = json!({ "email": email, "username": username, "password": PASSWORD });
            let call = self.api.request("POST", "/api/auth/register").json(&typed);
            if self.ask(call, 201).await.is_some() {
                self.registered.push(email);
            }
        }
    }

    async fn take_tokens(&mut self, call: Call) {
        self.requests += 1;
        match call.try_send().await {
            Ok(answer) if answer.status == 200 => {
                self.refresh_token = answer.refresh_token();
                self.api = self.api.bearer(&answer.access_token());
            }
            Ok(answer) => self.failures.push(answer.text()),
            Err(error) => self.failures.push(format!("{error:?}")),
        }
    }

    /// The JSON of an answer with this status; null for a page or for nothing.
    async fn ask(&mut self, call: Call, status: u16) -> Option<Value> {
        self.requests += 1;
        match call.try_send().await {
            Ok(answer) if answer.status == status => {
                Some(serde_json::from_slice(&answer.body).unwrap_or_default())
            }
            Ok(answer) => {
                let failure = format!("{} instead of {status}: {}", answer.status, answer.text());
                self.failures.push(failure);
                None
            }
            Err(error) => {
                self.failures.push(format!("{error:?}"));
                None
            }
        }
    }

    /// What the database has otherwise.
    async fn missing(&self, app: &TestApp) -> Vec<String> {
        let mut missing = Vec::new();
        let bio: Option<String> = app
            .value("select bio from users.users where id = $1", &[&self.id])
            .await;
        if json!(bio) != self.bio {
            missing.push(format!("{} instead of {}", json!(bio), self.bio));
        }
        let edge =
            "select exists (select from users.follows where follower_id = $1 and followee_id = $2)";
        let follows: bool = app.value(edge, &[&self.id, &self.friend]).await;
        if follows != self.follows {
            missing.push(format!("{} follows: {follows}", self.id));
        }
        let count = "select count(*) from users.users where email = any($1)";
        let stored: i64 = app.value(count, &[&self.registered]).await;
        if usize::try_from(stored) != Ok(self.registered.len()) {
            missing.push(format!("{stored} accounts of {:?}", self.registered));
        }
        missing
    }
}
