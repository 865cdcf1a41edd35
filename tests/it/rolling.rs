//! Rolling restarts of two replicas behind nginx, under load: not one request fails, and what was
//! acknowledged is there. `bin/rolling` runs them longer and prints the rows of the table.

use crate::support::{Connection, Door, KEY, Load, Nginx, Program, TestApp, eventually, free_port};
use std::{net::TcpListener, time::Instant};

/// As many connections as people.
const PEOPLE: usize = 32;

/// Who makes the socket of a replica.
#[derive(Debug, Clone, Copy)]
enum Socket {
    /// The replica itself: with containers, in a cluster.
    Own,
    /// Whoever starts it, as systemd does, and keeps it.
    Passed,
}

struct Replica {
    program: Program,
    address: String,
    socket: Option<TcpListener>,
    settings: Vec<(&'static str, String)>,
}

impl Replica {
    async fn start(socket: Socket, settings: &[(&'static str, String)]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let socket = match socket {
            Socket::Own => None,
            Socket::Passed => Some(TcpListener::bind(&address).unwrap()),
        };
        let program = serve(&address, socket.as_ref(), settings).await;
        Self {
            program,
            address,
            socket,
            settings: settings.to_vec(),
        }
    }

    /// What an operator does: stop it, start it, wait until it is ready.
    async fn restart(&mut self) {
        self.program.signal("TERM");
        let status = self.program.ended().await;
        assert!(status.success(), "{}", self.program.output());
        self.program = serve(&self.address, self.socket.as_ref(), &self.settings).await;
        let addr = self.program.addr();
        eventually("the replica is ready", || async move {
            let mut connection = Connection::open(addr).await;
            let request = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            connection.send(request).await;
            connection.rest().await.contains("200 OK").then_some(())
        })
        .await;
    }
}

async fn serve(
    address: &str,
    socket: Option<&TcpListener>,
    settings: &[(&'static str, String)],
) -> Program {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    match socket {
        Some(socket) => Program::start_on(socket, &settings).await,
        None => Program::start_at(address, &settings).await,
    }
}

async fn no_request_fails(socket: Socket) {
    let restarts = std::env::var("ROLLING_RESTARTS").map_or(2, |count| count.parse().unwrap());
    let door = Door::unlimited();
    // Not behind nginx: it makes the people, and looks into the database afterwards.
    let app = TestApp::with(&[("PUBLIC_URL", &door.url)]).await;
    let settings = [
        ("PUBLIC_URL", door.url.clone()),
        ("DATABASE_URL", app.database.url().to_owned()),
        ("JWT_PRIVATE_KEY", KEY.clone()),
        ("EMAIL_URL", app.sink.url.clone()),
        ("AUTO_MIGRATE", "false".to_owned()),
        ("TRUSTED_PROXIES", "127.0.0.1/32".to_owned()),
        ("RATE_LIMITS", "off".to_owned()),
        ("RUST_LOG", "warn".to_owned()),
        ("DATA_DIR", app.data_dir.path().to_str().unwrap().to_owned()),
    ];
    let mut replicas = [
        Replica::start(socket, &settings).await,
        Replica::start(socket, &settings).await,
    ];
    let addresses = replicas.each_ref().map(|replica| replica.program.addr());
    let nginx = Nginx::open(door, &addresses).await;

    let load = Load::start(&app, PEOPLE, || nginx.connection()).await;
    let began = Instant::now();
    for n in 0..restarts {
        replicas[n % 2].restart().await;
    }
    let took = began.elapsed();
    let tally = load.end(&app).await;
    println!(
        "| {socket:?} | {restarts} | {} | {} | {} | {:.0} s |",
        tally.requests,
        tally.failures.len(),
        tally.lost.len(),
        took.as_secs_f64()
    );
    assert!(tally.requests > 100, "{tally:?}");
    assert!(tally.failures.is_empty(), "{tally:?}\n{}", nginx.log());
    assert!(tally.lost.is_empty(), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_replicas_restart_one_by_one() {
    no_request_fails(Socket::Own).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_where_the_starter_keeps_their_sockets() {
    no_request_fails(Socket::Passed).await;
}
