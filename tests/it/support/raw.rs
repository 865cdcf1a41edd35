//! Bytes over TCP, for requests that no decent client sends.

use super::PATIENCE;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// One connection, byte by byte.
pub struct Connection(TcpStream);

impl Connection {
    /// Opens a connection.
    pub async fn open(addr: SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.expect("a connection"))
    }

    /// Opens one from another address of this machine, 127.0.0.`last`: thousands of them leave the
    /// ports of 127.0.0.1 to others.
    pub async fn open_from(last: u8, addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let from = SocketAddr::from(([127, 0, 0, last], 0));
        socket.bind(from).expect("an address of this machine");
        Self(socket.connect(addr).await.expect("a connection"))
    }

    /// Sends bytes; whether the other side still listens is its own affair.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.ok();
    }

    /// Sends bytes; whether they could be sent in time.
    pub async fn send_or_fail(&mut self, bytes: &[u8]) -> bool {
        let sent = timeout(PATIENCE, self.0.write_all(bytes)).await;
        sent.is_ok_and(|sent| sent.is_ok())
    }

    /// Everything until the other side closes the connection.
    pub async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        read.expect("the other side closes the connection").ok();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything until `end` was read.
    pub async fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, async {
            while !String::from_utf8_lossy(&bytes).contains(end) {
                let mut chunk = [0; 4096];
                match self.0.read(&mut chunk).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => bytes.extend_from_slice(&chunk[..count]),
                }
            }
        });
        read.await.expect("an answer in time");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Sends a whole request and gives the whole answer. The request says `Connection: close`, or
/// is bad enough for the connection to be closed.
pub async fn exchange(addr: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut connection = Connection::open(addr).await;
    connection.send(request).await;
    connection.rest().await
}
