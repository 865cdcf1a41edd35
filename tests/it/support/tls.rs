//! Bytes over TLS, for requests that no decent client sends.

use super::{Nginx, PATIENCE};
use std::process::Stdio;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    time::timeout,
};

/// One connection, byte by byte. OpenSSL's client holds it.
pub struct TlsConnection(Child);

impl TlsConnection {
    /// Opens a connection to the name that nginx serves.
    pub fn open(nginx: &Nginx) -> Self {
        Self::open_as(nginx, "localhost")
    }

    /// Opens a connection and asks for a name.
    pub fn open_as(nginx: &Nginx, name: &str) -> Self {
        let client = Command::new("openssl")
            .args(["s_client", "-quiet", "-verify_quiet", "-servername", name])
            .args(["-connect", &nginx.tls.to_string()])
            .arg("-CAfile")
            .arg(nginx.certificate())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        Self(client.expect("openssl must be installed; `bin/test` installs it"))
    }

    /// Sends bytes; whether the other side still listens is its own affair.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let input = self.0.stdin.as_mut().expect("an input");
        input.write_all(bytes.as_ref()).await.ok();
        input.flush().await.ok();
    }

    /// Everything until the other side closes the connection.
    pub async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let output = self.0.stdout.as_mut().expect("an output");
        let read = timeout(PATIENCE, output.read_to_end(&mut bytes)).await;
        read.expect("the other side closes the connection").ok();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Asks for a path exactly as it is written; the whole answer.
pub async fn ask_exactly(nginx: &Nginx, path: &str) -> String {
    let mut connection = TlsConnection::open(nginx);
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.send(request).await;
    connection.rest().await
}
