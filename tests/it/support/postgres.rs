//! One throwaway PostgreSQL for the whole run, and a database of its own for every test.

use embedded_postgres::{EmbeddedPostgres, Options};
use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
        mpsc::{self, Sender},
    },
    thread,
};
use tokio::runtime;
use tokio_postgres::{Client, NoTls};
use users_service::database::migrate;

/// Nothing here is meant to last.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum", "off"),
    ("max_connections", "600"),
    ("max_wal_size", "8GB"),
    ("deadlock_timeout", "100ms"),
];
/// The migrated database that tests get copies of.
const TEMPLATE: &str = "template_users";
/// Waits for the end of this process, then for PostgreSQL's, and takes their files away.
const BROOM: &str = r#"cat >/dev/null; i=0
while [ -e "$0/pg/postmaster.pid" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
rm -rf "$0" "$1""#;

/// A PostgreSQL of its own under the temporary directory, started again when it ends, and taken
/// away with this handle.
pub struct Postgres {
    /// Ends with this process: the kernel sees to it.
    server: EmbeddedPostgres,
    folder: PathBuf,
    /// Its input ends with this process too.
    _broom: Child,
}

struct Server {
    postgres: Postgres,
    /// Where names of databases go that nobody needs any more.
    dropped: Sender<String>,
}

static SERVER: OnceLock<Server> = OnceLock::new();

/// The server; the first test to ask starts it, on a thread without a runtime.
fn server() -> &'static Server {
    SERVER.get_or_init(|| thread::spawn(start).join().expect("PostgreSQL starts"))
}

fn start() -> Server {
    let postgres = Postgres::start_blocking(SETTINGS);
    let server = Server {
        dropped: janitor(postgres.url().to_owned()),
        postgres,
    };
    block_on(async {
        let admin = connect(server.postgres.url()).await;
        let template = format!("create database {TEMPLATE} template template0");
        admin.batch_execute(&template).await.expect("a template");
        let report = migrate::run(&server.url(TEMPLATE), None).await;
        assert!(!report.expect("migrations").applied.is_empty());
    });
    server
}

impl Server {
    /// The connection string of another database on the server.
    fn url(&self, database: &str) -> String {
        let (host, _) = self.postgres.url().rsplit_once('/').expect("a URL");
        format!("{host}/{database}")
    }
}

impl Postgres {
    /// One with these settings. Without `fsync=off` what it acknowledged outlives the machine's
    /// end, with it only the server's.
    pub async fn start(settings: &'static [(&str, &str)]) -> Self {
        let started = tokio::task::spawn_blocking(|| Self::start_blocking(settings));
        started.await.expect("PostgreSQL starts")
    }

    fn start_blocking(settings: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("users-service-tests-{}-{number}", process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for PostgreSQL");
        let server = EmbeddedPostgres::start(&Options {
            data_dir: &folder,
            program: "users-service",
            database: "users",
            settings,
        });
        let server = server.expect("PostgreSQL starts");
        Self {
            _broom: broom(&folder, &sockets(server.url())),
            folder,
            server,
        }
    }

    /// The connection string of its database.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The process id of the server.
    pub fn id(&self) -> u32 {
        let file = fs::read_to_string(self.folder.join("pg/postmaster.pid"));
        let first = file.expect("it runs").lines().next().map(str::to_owned);
        first
            .and_then(|id| id.trim().parse().ok())
            .expect("a number")
    }

    /// A program that came with the server, such as `pg_dump`.
    pub fn program(&self, name: &str) -> Command {
        let server = fs::read_link(format!("/proc/{}/exe", self.id())).expect("its program");
        Command::new(server.with_file_name(name))
    }
}

fn broom(folder: &Path, sockets: &str) -> Child {
    Command::new("sh")
        .arg("-c")
        .arg(BROOM)
        .arg(folder)
        .arg(sockets)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is not for the broom.
        .process_group(0)
        .spawn()
        .expect("sh")
}

/// The directory of the server's socket: the host of its URL.
fn sockets(url: &str) -> String {
    let host = url
        .split('@')
        .nth(1)
        .and_then(|rest| rest.split('/').next());
    let host = host.expect("a socket's directory in the URL");
    percent_encoding::percent_decode_str(host)
        .decode_utf8_lossy()
        .into_owned()
}

/// Drops databases, one after another, in the background.
fn janitor(url: String) -> Sender<String> {
    let (sender, receiver) = mpsc::channel::<String>();
    thread::spawn(move || {
        while let Ok(name) = receiver.recv() {
            block_on(async {
                let drop = format!("drop database if exists {name} with (force)");
                connect(&url).await.batch_execute(&drop).await.ok();
            });
        }
    });
    sender
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = runtime::Builder::new_current_thread();
    runtime
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// A database of a test's own, dropped with this handle.
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// A copy of the migrated template.
    pub async fn migrated() -> Self {
        Self::copy_of(TEMPLATE).await
    }

    /// A database that was never touched.
    pub async fn empty() -> Self {
        Self::copy_of("template0").await
    }

    /// A database that was never touched, made with these options.
    pub async fn made_with(options: &str) -> Self {
        Self::create(&format!("template template0 {options}")).await
    }

    /// A database that somebody else keeps, such as a [`Pair`](super::Pair).
    pub fn elsewhere(url: &str) -> Self {
        Self {
            name: String::new(),
            url: url.to_owned(),
        }
    }

    async fn copy_of(template: &str) -> Self {
        Self::create(&format!("template {template} strategy file_copy")).await
    }

    async fn create(how: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let create = format!("create database {name} {how}");
        let admin = connect(server().postgres.url()).await;
        admin.batch_execute(&create).await.expect("a database");
        let url = server().url(&name);
        Self { name, url }
    }

    /// Its connection string.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The connection string for another role.
    pub fn url_as(&self, role: &str) -> String {
        self.url.replacen("postgres@", &format!("{role}@"), 1)
    }

    /// The connection string for who comes through a port of this machine.
    pub fn url_over_tcp(&self, port: u16) -> String {
        format!(
            "postgresql://postgres@127.0.0.1:{port}/{}?sslmode=disable",
            self.name
        )
    }

    /// The server's socket.
    pub fn socket(&self) -> PathBuf {
        Path::new(&sockets(&self.url)).join(".s.PGSQL.5432")
    }

    /// A connection of one's own.
    pub async fn connect(&self) -> Client {
        connect(&self.url).await
    }

    /// Takes the database away from everybody, or gives it back.
    pub async fn allow_connections(&self, allow: bool) {
        let name = &self.name;
        let admin = connect(server().postgres.url()).await;
        admin
            .batch_execute(&format!("alter database {name} allow_connections {allow}"))
            .await
            .expect("the database is there");
        if !allow {
            let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
            admin.execute(end, &[name]).await.expect("connections end");
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            server().dropped.send(std::mem::take(&mut self.name)).ok();
        }
    }
}

/// A connection.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("a connection");
    tokio::spawn(async move { connection.await.ok() });
    client
}
