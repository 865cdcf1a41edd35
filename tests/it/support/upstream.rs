//! Another service behind nginx: keeps what it was sent, and always answers the same.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The service.
pub struct Upstream {
    /// Where it listens.
    pub addr: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// Answers 200, an empty object, and a cookie.
    pub async fn start() -> Self {
        let headers = "Content-Type: application/json\r\nSet-Cookie: session=planted\r\nX-Trace-Id: theirs\r\nStrict-Transport-Security: max-age=1";
        Self::answering(format!(
            "HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
        ))
        .await
    }

    /// Takes requests and hangs up.
    pub async fn that_hangs_up() -> Self {
        Self::answering(String::new()).await
    }

    async fn answering(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("bound");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8_lossy(&head).to_lowercase();
                seen.lock().unwrap().push(head);
                stream.write_all(answer.as_bytes()).await.ok();
            }
        });
        Self { addr, heads }
    }

    /// The heads of the requests so far, in lower case.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The head of the last request.
    #[track_caller]
    pub fn head(&self) -> String {
        self.heads().pop().expect("a request")
    }
}
