//! A mail server that keeps what it gets, may speak TLS, and can misbehave.

use super::{Certificate, Mail, eventually};
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

const ANY_PORT: &str = "127.0.0.1:0";
const GREETING: &str = "220 sink";

/// How long a slow server thinks before each answer.
const SLOW: Duration = Duration::from_millis(500);

/// How the server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It takes every mail.
    Up,
    /// It hangs up on everybody.
    Down,
    /// It takes no mail for the moment.
    Busy,
    /// It says that it takes no mail from this sender.
    Refuses,
    /// It says that nobody has this address.
    NoSuchMailbox,
    /// It says that whoever asks may not send there.
    RelayDenied,
    /// It takes every mail, and its time.
    Slow,
    /// It takes a mail and hangs up before it says so.
    LosesAnswers,
    /// It takes a mail and never says so.
    Silent,
    /// Somebody on the way adds an answer to the last one before TLS.
    IsTamperedWith,
}

/// When the server encrypts.
enum Tls {
    Never,
    /// When the client takes its offer of STARTTLS.
    Offered(TlsAcceptor),
    /// From the first byte.
    Implicit(TlsAcceptor),
}

/// The server.
#[derive(Clone)]
pub struct Sink {
    /// What goes into `EMAIL_URL`.
    pub url: String,
    state: Arc<State>,
}

struct State {
    tls: Tls,
    mode: Mutex<Mode>,
    mails: Mutex<Vec<Mail>>,
}

impl Sink {
    /// A server on a port of its own.
    pub async fn start() -> Self {
        Self::on(ANY_PORT).await
    }

    /// A server on this address.
    pub async fn on(address: &str) -> Self {
        Self::listen(address, Tls::Never).await
    }

    /// A server that offers STARTTLS.
    pub async fn offering_tls(certificate: &Certificate) -> Self {
        Self::listen(ANY_PORT, Tls::Offered(certificate.acceptor())).await
    }

    /// A server that speaks TLS from the first byte.
    pub async fn over_tls(certificate: &Certificate) -> Self {
        Self::listen(ANY_PORT, Tls::Implicit(certificate.acceptor())).await
    }

    async fn listen(address: &str, tls: Tls) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let sink = Self {
            url: match tls {
                Tls::Never => format!("smtp://{address}?tls=none"),
                Tls::Offered(_) => format!("smtp://localhost:{}", address.port()),
                Tls::Implicit(_) => format!("smtps://localhost:{}", address.port()),
            },
            state: Arc::new(State {
                tls,
                mode: Mutex::new(Mode::Up),
                mails: Mutex::default(),
            }),
        };
        let state = Arc::clone(&sink.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move { state.serve(stream).await.ok() });
            }
        });
        sink
    }

    /// Behaves differently from now on.
    pub fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    /// Everything that came so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.state.mails.lock().unwrap().clone()
    }

    /// What came for an address so far.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mails = self.state.mails.lock().unwrap();
        mails
            .iter()
            .filter(|mail| mail.to.iter().any(|to| to == address))
            .cloned()
            .collect()
    }

    /// The first mail for an address, once it is there.
    pub async fn mail_to(&self, address: &str) -> Mail {
        self.nth_mail_to(address, 1).await
    }

    /// The n-th mail for an address, once it is there.
    pub async fn nth_mail_to(&self, address: &str, n: usize) -> Mail {
        let what = format!("mail {n} to {address}");
        eventually(&what, || async {
            self.mails_to(address).into_iter().nth(n - 1)
        })
        .await
    }
}

impl State {
    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap()
    }

    /// One connection.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        if self.mode() == Mode::Down {
            return Ok(());
        }
        if let Tls::Implicit(tls) = &self.tls {
            let mut stream = tls.accept(stream).await?;
            say(&mut stream, GREETING).await?;
            return self.talk(&mut stream, true).await.map(drop);
        }
        say(&mut stream, GREETING).await?;
        if let Some(tls) = self.talk(&mut stream, false).await? {
            self.talk(&mut tls.accept(stream).await?, true).await?;
        }
        Ok(())
    }

    /// What is said after the greeting, RFC 5321, up to the end or to STARTTLS, RFC 3207.
    async fn talk(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        encrypted: bool,
    ) -> io::Result<Option<&TlsAcceptor>> {
        let mut stream = BufStream::new(stream);
        let offer = match &self.tls {
            Tls::Offered(tls) if !encrypted => Some(tls),
            _ => None,
        };
        let mut to = Vec::new();
        loop {
            let line = hear(&mut stream).await?;
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let answer = match verb.as_str() {
                _ if self.mode() == Mode::Down => return Ok(None),
                "EHLO" if offer.is_some() => "250-sink\r\n250-STARTTLS\r\n250 8BITMIME",
                "EHLO" => "250-sink\r\n250 8BITMIME",
                "STARTTLS" if offer.is_some() => {
                    let tampered = self.mode() == Mode::IsTamperedWith;
                    let added = if tampered { "\r\n250 taken" } else { "" };
                    say(&mut stream, &format!("220 go on{added}")).await?;
                    return Ok(offer);
                }
                "MAIL" if self.mode() == Mode::Busy => "451 come back later",
                "MAIL" if self.mode() == Mode::Refuses => "550 not here",
                "RCPT" if self.mode() == Mode::NoSuchMailbox => "550 5.1.1 no such mailbox",
                "RCPT" if self.mode() == Mode::RelayDenied => "554 5.7.1 relay access denied",
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                    to.push(address.to_owned());
                    "250 ok"
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let raw = data(&mut stream).await?;
                    let to = std::mem::take(&mut to);
                    self.mails.lock().unwrap().push(Mail { to, raw, encrypted });
                    match self.mode() {
                        Mode::LosesAnswers => return Ok(None),
                        Mode::Silent => std::future::pending().await,
                        _ => {}
                    }
                    "250 taken"
                }
                "QUIT" | "" => {
                    say(&mut stream, "221 bye").await?;
                    return Ok(None);
                }
                _ => "250 ok",
            };
            if self.mode() == Mode::Slow {
                tokio::time::sleep(SLOW).await;
            }
            say(&mut stream, answer).await?;
        }
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn hear(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

async fn data(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut raw = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.as_str() {
            "" | ".\r\n" => return Ok(raw),
            dotted => raw.push_str(dotted.strip_prefix("..").map_or(dotted, |_| &dotted[1..])),
        }
    }
}
