//! The socket that the service listens on: its own, or one that its starter made and keeps.

use crate::error::Cause;
use listenfd::ListenFd;
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How many connections the kernel may keep ready for us.
const BACKLOG: u32 = 4096;
/// How long a handshake takes at most that began before newcomers were turned away.
pub(super) const HANDSHAKE: Duration = Duration::from_millis(50);

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    /// Whether it goes on to listen when this process closes it.
    is_kept: bool,
}

impl Listener {
    /// Listens on this address.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = match addr {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // A former process may have connections at this address that are just ending.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        Ok(Self {
            socket: socket.listen(BACKLOG)?,
            is_kept: false,
        })
    }

    /// The socket that was passed as systemd does it (`LISTEN_FDS`, see `sd_listen_fds(3)`); none
    /// when nothing was.
    pub fn passed() -> Result<Option<Self>, Cause> {
        let mut passed = ListenFd::from_env();
        if passed.len() > 1 {
            return Err("LISTEN_FDS: one socket can be passed, not several".into());
        }
        let socket = passed.take_tcp_listener(0);
        let Some(socket) = socket.map_err(|error| format!("LISTEN_FDS: {error}"))? else {
            return Ok(None);
        };
        socket.set_nonblocking(true)?;
        Ok(Some(Self {
            socket: TcpListener::from_std(socket)?,
            is_kept: true,
        }))
    }

    /// Where it listens.
    pub fn addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.socket.accept().await
    }

    /// To be awaited before the socket is closed, while connections are still accepted. Who is
    /// connected when a socket closes and was not accepted yet is cut off, maybe with a POST
    /// under way that nobody may send twice. So first nobody is let in any more: who comes now
    /// gets no answer, has sent nothing, and can go elsewhere. A socket that somebody keeps lets
    /// people wait for the next process.
    pub async fn turn_away(&self) {
        if !self.is_kept {
            drop_newcomers(&self.socket);
            tokio::time::sleep(HANDSHAKE).await;
        }
    }
}

/// Has the kernel drop every packet that begins a connection.
#[cfg(target_os = "linux")]
fn drop_newcomers(socket: &TcpListener) {
    use socket2::{SockFilter, SockRef};
    // A classic BPF program over the TCP head, `linux/bpf_common.h`: BPF_LD|BPF_B|BPF_ABS,
    // BPF_JMP|BPF_JSET|BPF_K, BPF_RET|BPF_K.
    const LOAD_BYTE: u16 = 0x30;
    const SKIP_UNLESS: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    let filter = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(SKIP_UNLESS, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    if let Err(error) = SockRef::from(socket).attach_filter(&filter) {
        tracing::debug!(%error, "newcomers are let in until the socket closes");
    }
}

/// Elsewhere they are let in until the socket closes.
#[cfg(not(target_os = "linux"))]
fn drop_newcomers(_: &TcpListener) {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::timeout,
    };

    #[tokio::test]
    async fn who_was_let_in_is_served_and_newcomers_find_no_door() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.addr().unwrap();
        let mut early = TcpStream::connect(addr).await.unwrap();
        listener.turn_away().await;
        let late = timeout(HANDSHAKE, TcpStream::connect(addr)).await;
        assert!(!cfg!(target_os = "linux") || late.is_err(), "{late:?}");

        let (mut accepted, _) = listener.accept().await.unwrap();
        drop(listener);
        early.write_all(b"ping").await.unwrap();
        let mut heard = [0; 4];
        accepted.read_exact(&mut heard).await.unwrap();
        accepted.write_all(&heard).await.unwrap();
        early.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"ping");
    }
}
