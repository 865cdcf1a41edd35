//! Stopping: who still comes is served, who is idle holds nobody up, and a socket that the starter
//! keeps goes on listening.

use crate::support::{Connection, Database, KEY, PROGRAM, Program, bare, eventually};
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

struct Place {
    database: Database,
    data: TempDir,
}

impl Place {
    async fn new() -> Self {
        Self {
            database: Database::migrated().await,
            data: tempfile::tempdir().unwrap(),
        }
    }

    fn settings(&self) -> [(&str, &str); 3] {
        [
            ("DATABASE_URL", self.database.url()),
            ("JWT_PRIVATE_KEY", &KEY),
            ("DATA_DIR", self.data.path().to_str().unwrap()),
        ]
    }
}

async fn answered(connection: &mut Connection) -> String {
    connection.send(LIVEZ).await;
    let answer = connection.until("}").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.to_lowercase()
}

#[tokio::test]
async fn an_idle_connection_is_still_served_and_told_to_close() {
    let place = Place::new().await;
    let mut program = Program::start(&place.settings()).await;
    let mut kept = Connection::open(program.addr()).await;
    assert!(!answered(&mut kept).await.contains("connection: close"));
    program.signal("TERM");
    eventually("it drains", || async {
        let draining = program.output().contains("stopping");
        draining.then_some(())
    })
    .await;
    assert!(answered(&mut kept).await.contains("connection: close"));
    assert_eq!(kept.rest().await, "", "and it is closed");
    assert!(program.ended().await.success());
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let place = Place::new().await;
    let mut program = Program::start(&place.settings()).await;
    let mut idle = Connection::open(program.addr()).await;
    answered(&mut idle).await;
    let silent = Connection::open(program.addr()).await;
    let began = Instant::now();
    program.signal("TERM");
    assert!(program.ended().await.success());
    // A second of lingering; ten more would be those for requests that are running.
    assert!(began.elapsed() < Duration::from_secs(8));
    drop((idle, silent));
}

#[tokio::test]
async fn a_socket_that_is_passed_keeps_who_comes_for_the_next_process() {
    let place = Place::new().await;
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    let mut program = Program::start_on(&socket, &place.settings()).await;
    let url = format!("Open http://localhost:{}", addr.port());
    eventually("it says where it is", || async {
        program.output().contains(&url).then_some(())
    })
    .await;
    let mut early = Connection::open(addr).await;
    answered(&mut early).await;
    program.signal("TERM");
    assert!(program.ended().await.success());

    let mut between = Connection::open(addr).await;
    between.send(LIVEZ).await;
    let _next = Program::start_on(&socket, &place.settings()).await;
    assert!(between.until("}").await.starts_with("HTTP/1.1 200"));
}

#[test]
fn what_is_passed_must_be_one_listening_socket() {
    for (count, told) in [("1", "is not a socket"), ("2", "not several")] {
        let mut command = bare("sh", &[]);
        let pass = format!("exec 3</dev/null; LISTEN_FDS={count} exec \"$0\" serve");
        let output = command.args(["-c", &pass, PROGRAM]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(told), "{said}");
    }
}
