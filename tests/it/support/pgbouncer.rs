//! The pooler `pgbouncer` before a database.

use super::{Database, eventually, free_port, pair::as_postgres};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// Takes what a connection asks for, as it must for the service.
pub const IGNORING: &str = "ignore_startup_parameters = options";

/// A pooler of a test's own, ended with this handle.
pub struct PgBouncer {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// One before the server of this database, that pools `session`s or `transaction`s.
    pub async fn start(database: &Database, mode: &str, more: &str) -> Self {
        let port = free_port();
        let socket = database.socket();
        let server = socket.parent().expect("a folder").display();
        let config = format!(
            "[databases]\n* = host={server} port=5432 user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\n{more}\n"
        );
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("ours");
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, config).expect("a file");
        let child = as_postgres(program())
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer");
        eventually("PgBouncer listens", || async {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Self {
            port,
            child,
            _folder: folder,
        }
    }

    /// The connection string of a database through it.
    pub fn url(&self, database: &Database) -> String {
        database.url_over_tcp(self.port)
    }

    /// Whether it keeps prepared statements of its clients apart: from 1.21 on, when it is told to.
    pub fn can_keep_statements_apart() -> bool {
        let said = Command::new(program()).arg("--version").output();
        let said = String::from_utf8(said.expect("pgbouncer").stdout).expect("text");
        let version = said.lines().next().and_then(|line| line.split(' ').nth(1));
        let mut numbers = version.expect("a version").split('.');
        let mut next = || numbers.next().and_then(|n| n.parse::<u32>().ok());
        (next(), next()) >= (Some(1), Some(21))
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The system's, or another one to try the same with.
fn program() -> String {
    let places = ["/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer"];
    let place = places
        .iter()
        .find(|place| fs::exists(place).unwrap_or(false));
    let default = place.map_or("pgbouncer", |place| place);
    std::env::var("PGBOUNCER").unwrap_or_else(|_| default.to_owned())
}
