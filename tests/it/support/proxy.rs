//! Stands between a client and a server, and can behave as bad networks do.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    time::sleep,
};

/// How the line behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Everything passes.
    Open,
    /// Everything passes, each piece this much later.
    Slow(Duration),
    /// Nothing passes; what is on its way is held until the line is open again.
    Silent,
    /// What the client says passes, what the server says is held.
    NoReplies,
    /// The same once so much has passed as [`Proxy::let_reply`] allows.
    FewReplies,
    /// What is said is lost, and whoever spoke stays cut off for ever without being told.
    Lossy,
    /// Connections are closed, new ones at once.
    Cut,
}

enum Upstream {
    Socket(PathBuf),
    Address(SocketAddr),
}

/// The proxy; it ends with the runtime that it was made in.
#[derive(Clone)]
pub struct Proxy {
    /// The port of this machine that it listens on.
    pub port: u16,
    line: watch::Sender<Line>,
    /// How many pieces [`Line::FewReplies`] lets pass still.
    replies: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy in front of a Unix socket.
    pub async fn to_socket(path: PathBuf) -> Self {
        Self::to(Upstream::Socket(path)).await
    }

    /// A proxy in front of a port.
    pub async fn to_address(address: SocketAddr) -> Self {
        Self::to(Upstream::Address(address)).await
    }

    async fn to(upstream: Upstream) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = Self {
            port: listener.local_addr().expect("bound").port(),
            line: watch::Sender::new(Line::Open),
            replies: Arc::default(),
            held: Arc::default(),
        };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                accepting.connect(client, &upstream).await;
            }
        });
        proxy
    }

    /// Behaves differently from now on.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// Lets the server say so many pieces more, over all connections.
    pub fn let_reply(&self, pieces: usize) {
        self.replies.store(pieces, Ordering::Relaxed);
        self.set(Line::FewReplies);
    }

    /// How many pieces were held so far.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    async fn connect(&self, client: TcpStream, upstream: &Upstream) {
        if *self.line.borrow() == Line::Cut {
            return;
        }
        match upstream {
            Upstream::Socket(path) => match UnixStream::connect(path).await {
                Ok(server) => self.join(client, server),
                Err(_) => drop(client),
            },
            Upstream::Address(address) => match TcpStream::connect(address).await {
                Ok(server) => self.join(client, server),
                Err(_) => drop(client),
            },
        }
    }

    fn join(&self, client: TcpStream, server: impl AsyncRead + AsyncWrite + Send + 'static) {
        client.set_nodelay(true).ok();
        let (from_client, to_client) = split(client);
        let (from_server, to_server) = split(server);
        let lost = Arc::new(AtomicBool::new(false));
        let direction = |is_reply| Direction {
            line: self.line.subscribe(),
            is_reply,
            lost: Arc::clone(&lost),
            replies: Arc::clone(&self.replies),
            held: Arc::clone(&self.held),
        };
        tokio::spawn(direction(false).pass(from_client, to_server));
        tokio::spawn(direction(true).pass(from_server, to_client));
    }
}

/// One direction of one connection.
struct Direction {
    line: watch::Receiver<Line>,
    is_reply: bool,
    /// Whether the connection is cut off for ever.
    lost: Arc<AtomicBool>,
    replies: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
}

impl Direction {
    async fn pass(mut self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut bytes = [0; 16_384];
        loop {
            let read = tokio::select! {
                read = from.read(&mut bytes) => read,
                _ = self.line.wait_for(|line| *line == Line::Cut) => return,
            };
            if self.is_lost() {
                // Nobody is told, not even of an end.
                std::future::pending::<()>().await;
            }
            let Ok(count @ 1..) = read else {
                to.shutdown().await.ok();
                return;
            };
            if !self.may_pass().await || to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }

    fn is_lost(&self) -> bool {
        if *self.line.borrow() == Line::Lossy {
            self.lost.store(true, Ordering::Relaxed);
        }
        self.lost.load(Ordering::Relaxed)
    }

    fn is_one_of_the_few(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let taken = self
            .replies
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.is_ok()
    }

    /// Waits until a piece may pass; it may not when the line was cut.
    async fn may_pass(&mut self) -> bool {
        let is_reply = self.is_reply;
        let is_held = |line: Line| {
            line == Line::Silent || (is_reply && matches!(line, Line::NoReplies | Line::FewReplies))
        };
        let now = *self.line.borrow();
        if now == Line::FewReplies && is_reply && self.is_one_of_the_few() {
            return true;
        }
        if let Line::Slow(by) = now {
            sleep(by).await;
        } else if is_held(now) {
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        let next = self.line.wait_for(|line| !is_held(*line)).await;
        next.is_ok_and(|line| *line != Line::Cut)
    }
}
