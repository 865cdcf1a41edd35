//! Two PostgreSQL servers of a test's own: a primary and a standby that streams from it.

use super::{connect, eventually, program::free_port};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tokio_postgres::Client;
use users_service::database::migrate;

/// Nothing here is meant to last, and nobody waits for the standby's next look.
const SETTINGS: &str = "-c fsync=off -c full_page_writes=off -c autovacuum=off \
    -c max_connections=100 -c wal_keep_size=1GB -c unix_socket_directories= \
    -c wal_retrieve_retry_interval=200ms -c listen_addresses=127.0.0.1";
/// Waits for the end of this process or handle, then ends the servers and takes their files away.
const BROOM: &str = r#"cat >/dev/null
for cluster in "$1"/*/; do
    pid=$(head -1 "$cluster/postmaster.pid") && kill -CONT "$pid" $(cat "/proc/$pid/task/$pid/children")
    "$0/pg_ctl" -D "$cluster" -m immediate -s stop
done
rm -rf "$1""#;

/// A primary with a migrated database, and its standby. Both end with this handle.
pub struct Pair {
    /// The server that takes writes, until it is stopped.
    pub primary: Cluster,
    /// The server that follows it, until it is promoted.
    pub standby: Cluster,
    /// Its input ends with this handle, or with the process.
    _broom: Child,
}

impl Pair {
    /// Starts both; `synchronous`: a commit is answered when the standby has it on its disk.
    pub async fn start(synchronous: bool) -> Self {
        let bin = programs();
        let folder = output(as_postgres("mktemp").args(["-d", "/tmp/users-service-pair-XXXXXX"]));
        let broom = as_postgres("sh")
            .args(["-c", BROOM])
            .arg(&bin)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh");
        let names = if synchronous { "*" } else { "" };
        let primary = Cluster::new(&bin, &folder, "primary", names);
        // After a promotion there is nobody whom it could wait for.
        let standby = Cluster::new(&bin, &folder, "standby", "");

        let mut initdb = primary.program("initdb");
        initdb.args(["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]);
        initdb.args(["-A", "trust", "--no-sync", "-D"]);
        initdb.arg(&primary.folder);
        done(initdb).await;
        primary.start().await;
        standby.follow(&primary).await;
        migrate::run(&primary.url(), None)
            .await
            .expect("migrations");
        let pair = Self {
            primary,
            standby,
            _broom: broom,
        };
        pair.caught_up().await;
        pair
    }

    /// One more standby of the primary.
    pub async fn another_standby(&self) -> Cluster {
        let home = self.primary.folder.parent().expect("a folder");
        let home = home.to_str().expect("UTF-8");
        let standby = Cluster::new(&self.primary.bin, home, "another", "");
        standby.follow(&self.primary).await;
        standby
    }

    /// Both servers in one connection string, the primary first.
    pub fn url(&self) -> String {
        let (first, second) = (self.primary.port, self.standby.port);
        format!(
            "postgresql://postgres@127.0.0.1:{first},127.0.0.1:{second}/postgres?sslmode=disable"
        )
    }

    /// Waits until the standby shows everything that is on the primary now.
    pub async fn caught_up(&self) {
        let primary = self.primary.connect().await;
        let standby = self.standby.connect().await;
        let now = "select pg_current_wal_lsn()::text";
        let now: String = primary
            .query_one(now, &[])
            .await
            .expect("the primary")
            .get(0);
        let replayed = "select pg_last_wal_replay_lsn() >= $1::text::pg_lsn";
        eventually("the standby has caught up", || async {
            let row = standby
                .query_one(replayed, &[&now])
                .await
                .expect("the standby");
            row.get::<_, Option<bool>>(0)?.then_some(())
        })
        .await;
    }
}

/// One server.
pub struct Cluster {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    bin: PathBuf,
    folder: PathBuf,
    synchronous_standbys: &'static str,
}

impl Cluster {
    fn new(bin: &Path, home: &str, name: &str, synchronous_standbys: &'static str) -> Self {
        Self {
            port: free_port(),
            bin: bin.to_owned(),
            folder: Path::new(home).join(name),
            synchronous_standbys,
        }
    }

    /// Makes it a copy of another one that follows it, and starts it.
    async fn follow(&self, primary: &Self) {
        let from = format!("-h 127.0.0.1 -p {} -U postgres", primary.port);
        let mut backup = self.program("pg_basebackup");
        backup.args(from.split(' '));
        backup.args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-D"]);
        backup.arg(&self.folder);
        done(backup).await;
        self.start().await;
    }

    /// The connection string of this server alone.
    pub fn url(&self) -> String {
        format!(
            "postgresql://postgres@127.0.0.1:{}/postgres?sslmode=disable",
            self.port
        )
    }

    /// A connection of one's own.
    pub async fn connect(&self) -> Client {
        connect(&self.url()).await
    }

    /// Starts it again after a stop, as what it was, and waits until it answers.
    pub async fn start(&self) {
        let settings = format!(
            "{SETTINGS} -c port={} -c synchronous_standby_names={}",
            self.port, self.synchronous_standbys
        );
        let log = self.folder.join("log.txt");
        let mut start = self.control("start");
        start.arg("-l").arg(log).args(["-o", &settings]);
        done(start).await;
    }

    /// Stops it; `mode` is `smart`, `fast` or `immediate`.
    pub async fn stop(&self, mode: &str) {
        let mut stop = self.control("stop");
        stop.args(["-m", mode]);
        done(stop).await;
    }

    /// Makes a standby the primary, and waits until it takes writes.
    pub async fn promote(&self) {
        done(self.control("promote")).await;
    }

    /// Freezes all its processes, so that it is silent without closing anything; or thaws them.
    pub fn freeze(&self, frozen: bool) {
        let file = output(as_postgres("cat").arg(self.folder.join("postmaster.pid")));
        let postmaster = file.lines().next().expect("a process id");
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = std::fs::read_to_string(children).expect("its children");
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let mut kill = as_postgres("kill");
        kill.args([signal, postmaster])
            .args(children.split_whitespace());
        output(&mut kill);
    }

    /// The process id of the server.
    pub fn id(&self) -> u32 {
        let file = output(as_postgres("cat").arg(self.folder.join("postmaster.pid")));
        let first = file
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok());
        first.expect("a process id")
    }

    fn control(&self, verb: &str) -> Command {
        let mut command = self.program("pg_ctl");
        command.args(["-s", "-w", "-D"]).arg(&self.folder).arg(verb);
        command
    }

    fn program(&self, name: &str) -> Command {
        as_postgres(self.bin.join(name))
    }
}

/// Where PostgreSQL's programs are: the search of `bin/test`, and then where its find really is,
/// beside all the others.
fn programs() -> PathBuf {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/bin/lib/packages.sh");
    let found = output(Command::new("bash").args(["-c", ". \"$0\" && postgres_programs", library]));
    let initdb = Path::new(&found).join("initdb").canonicalize();
    let bin = initdb.expect("initdb").parent().map(Path::to_owned);
    bin.expect("a folder")
}

/// A command with the user that PostgreSQL runs as: it refuses root.
pub(super) fn as_postgres(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = if output(Command::new("id").arg("-u")) == "0" {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command
        .current_dir("/")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

/// Runs a program to its end without holding up the test's other tasks.
async fn done(mut command: Command) {
    // A server that stays behind must not hold our own output open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || (command.status(), command)).await;
    let (status, command) = ended.expect("no panic");
    assert!(status.expect("it runs").success(), "{command:?}");
}
