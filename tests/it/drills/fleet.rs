//! Two replicas as processes, and what stands around them.

use crate::support::{KEY, Program, Sink, bare_client, free_port};
use std::{
    path::PathBuf,
    sync::{
        Arc, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::sleep};

/// What every replica calls itself.
const PUBLIC_URL: &str = "http://users.example";
/// More than any load asks for: the limits are counted, and never reached.
pub const RULES: &str = "register_address=1000000+1000/s,refresh_address=1000000+1000/s,refresh_session=1000000+1000/s,\
    log_in_address=1000000+1000/s,log_in_account=1000000+1000/s,log_in_pair=1000000+1000/s,\
    log_in_known=1000000+1000/s,follow_account=1000000+1000/s";
/// How often `/livez` is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a load needs to know, and what is held against the ledger.
#[derive(Clone)]
pub struct Place {
    pub urls: Vec<String>,
    /// How the database is reached beside the service.
    pub database: String,
    pub sink: Sink,
    pub avatars: PathBuf,
}

/// The replicas.
pub struct Fleet {
    pub place: Place,
    replicas: Vec<Program>,
    environment: Vec<(String, String)>,
    /// How the first one reaches the database, if not like the other.
    first_url: Option<String>,
    /// The most memory that a replica which is gone had.
    memory: u64,
    watch: Option<Watch>,
    _data: TempDir,
}

impl Fleet {
    /// Two replicas that reach the database at `url`; it is looked into at `database`.
    pub async fn start(url: &str, database: &str, own: &[(&str, &str)]) -> Self {
        Self::start_apart(None, url, database, own).await
    }

    /// The same with the first one reaching the database in a way of its own.
    pub async fn start_apart(
        first_url: Option<&str>,
        url: &str,
        database: &str,
        own: &[(&str, &str)],
    ) -> Self {
        let sink = Sink::start().await;
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().to_str().expect("UTF-8");
        let usual = [
            ("PUBLIC_URL", PUBLIC_URL),
            ("DATABASE_URL", url),
            ("DATABASE_POOL_SIZE", "10"),
            ("AUTO_MIGRATE", "true"),
            ("JWT_PRIVATE_KEY", &*KEY),
            ("EMAIL_URL", &*sink.url),
            ("DATA_DIR", folder),
            ("LOG_FORMAT", "json"),
            ("RATE_LIMIT_RULES", RULES),
        ];
        let environment = usual.iter().chain(own);
        let environment: Vec<_> = environment
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut fleet = Self {
            place: Place {
                urls: Vec::new(),
                database: database.to_owned(),
                avatars: data.path().join("avatars"),
                sink,
            },
            replicas: Vec::new(),
            environment,
            first_url: first_url.map(str::to_owned),
            memory: 0,
            watch: None,
            _data: data,
        };
        for number in 0..2 {
            let address = format!("127.0.0.1:{}", free_port());
            let replica = fleet.start_at(&address, number).await;
            fleet.place.urls.push(replica.url.clone());
            fleet.replicas.push(replica);
        }
        fleet
    }

    async fn start_at(&self, address: &str, number: usize) -> Program {
        let environment = self.environment.iter();
        let mut environment: Vec<_> = environment.map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let own = self.first_url.as_deref().filter(|_| number == 0);
        environment.extend(own.map(|url| ("DATABASE_URL", url)));
        Program::start_at(address, &environment).await
    }

    /// Ends a replica as `kill -9` does.
    pub fn kill(&mut self, number: usize) {
        let replica = &mut self.replicas[number];
        replica.insist_it_runs();
        self.memory = self.memory.max(replica.peak_memory());
        replica.kill();
    }

    /// Starts a replica that was killed at its old address.
    pub async fn revive(&mut self, number: usize) {
        let address = self.replicas[number].url.replacen("http://", "", 1);
        self.replicas[number] = self.start_at(&address, number).await;
    }

    /// Reads nothing of what the replicas log as long as this is held: their pipes fill up.
    pub fn block_logs(&self) -> Vec<MutexGuard<'_, String>> {
        self.replicas.iter().map(Program::block_output).collect()
    }

    /// Insists that no replica ended by itself; gives the most memory that one ever had, in bytes.
    pub fn peak_memory(&mut self) -> u64 {
        let mut most = self.memory;
        for replica in &mut self.replicas {
            replica.insist_it_runs();
            most = most.max(replica.peak_memory());
        }
        most
    }

    /// Asks for `/livez` all the time from now on.
    pub fn watch_lives(&mut self) {
        let failures = Arc::new(AtomicUsize::new(0));
        let looking = self.place.urls.iter().map(|url| {
            let (url, failures) = (format!("{url}/livez"), Arc::clone(&failures));
            let client = bare_client().timeout(Duration::from_secs(10));
            let client = client.tls_certs_only([]).build().expect("a client");
            tokio::spawn(async move {
                loop {
                    let answer = client.get(&url).send().await;
                    let is_good = answer.is_ok_and(|answer| answer.status() == 200);
                    failures.fetch_add(usize::from(!is_good), Ordering::Relaxed);
                    sleep(LOOK_EVERY).await;
                }
            })
        });
        let looking = looking.collect();
        self.watch = Some(Watch { failures, looking });
    }

    /// How often the answer was not 200.
    pub fn deaths(&self) -> usize {
        let failures = self.watch.as_ref().map(|watch| &watch.failures);
        failures.map_or(0, |failures| failures.load(Ordering::Relaxed))
    }
}

/// Who asks whether the replicas are alive.
struct Watch {
    failures: Arc<AtomicUsize>,
    looking: Vec<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.looking.iter().for_each(JoinHandle::abort);
    }
}
