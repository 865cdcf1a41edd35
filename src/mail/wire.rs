//! The connection to a mail server, up to TLS.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A connection that is read byte by byte. The library keeps what came after the answer to STARTTLS
/// and takes it for what came over TLS: anybody on the way could say so that a mail was taken
/// (RFC 3207, section 6). Here nothing is left to keep: TLS gets it, and refuses it.
#[derive(Debug)]
pub(super) struct Wire(TcpStream);

impl Wire {
    /// Connects to a host and port.
    pub(super) async fn connect(server: (&str, u16)) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        // The library writes a mail and the dot that ends it one after the other. Without this the dot
        // waits until the server confirms the mail, which takes up to 40 ms; who is killed meanwhile has
        // the mail delivered without knowing.
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut one))?;
        buffer.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
