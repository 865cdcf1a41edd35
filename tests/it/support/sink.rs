//! A mail server that keeps what it gets, and can misbehave.

use super::eventually;
use mail_parser::MessageParser;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
};

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
    /// It says that it will never take this mail.
    Refuses,
    /// It takes every mail, and its time.
    Slow,
    /// It takes a mail and hangs up before it says so.
    LosesAnswers,
    /// It takes a mail and never says so.
    Silent,
}

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Who it is for, by the envelope.
    pub to: Vec<String>,
    /// All of it.
    pub raw: String,
}

impl Mail {
    /// The mail in this text.
    pub fn of(to: &str, raw: &str) -> Self {
        Self {
            to: vec![to.to_owned()],
            raw: raw.to_owned(),
        }
    }

    /// The text part.
    pub fn text(&self) -> String {
        self.parsed(|mail| mail.body_text(0).expect("a text part").into_owned())
    }

    /// The HTML part.
    pub fn html(&self) -> String {
        self.parsed(|mail| mail.body_html(0).expect("an HTML part").into_owned())
    }

    /// The subject.
    pub fn subject(&self) -> String {
        self.parsed(|mail| mail.subject().expect("a subject").to_owned())
    }

    /// The Message-ID, without angle brackets.
    pub fn message_id(&self) -> String {
        self.parsed(|mail| mail.message_id().expect("a Message-ID").to_owned())
    }

    /// The addresses in `From` and `To`.
    pub fn addresses(&self) -> (String, Vec<String>) {
        self.parsed(|mail| {
            let all = |a: Option<&mail_parser::Address<'_>>| -> Vec<String> {
                let addresses = a.into_iter().flat_map(mail_parser::Address::iter);
                addresses
                    .filter_map(|a| a.address())
                    .map(str::to_owned)
                    .collect()
            };
            (all(mail.from()).join(","), all(mail.to()))
        })
    }

    /// The link, which stands alone on its line in the text part.
    #[track_caller]
    pub fn link(&self) -> String {
        let text = self.text();
        let mut links = text.lines().filter(|line| line.contains("://"));
        let link = links.next().expect("a link").to_owned();
        assert!(links.next().is_none(), "more than one link:\n{text}");
        assert!(
            link.starts_with("http") && !link.contains(char::is_whitespace),
            "{link:?}"
        );
        link
    }

    /// The token in the link.
    #[track_caller]
    pub fn token(&self) -> String {
        let link = self.link();
        link.split_once("?token=")
            .expect("a link with a token")
            .1
            .to_owned()
    }

    fn parsed<T>(&self, look: impl FnOnce(&mail_parser::Message<'_>) -> T) -> T {
        look(
            &MessageParser::default()
                .parse(self.raw.as_bytes())
                .expect("a mail"),
        )
    }
}

/// The server.
#[derive(Clone)]
pub struct Sink {
    /// What goes into `EMAIL_URL`.
    pub url: String,
    state: Arc<State>,
}

struct State {
    mode: Mutex<Mode>,
    mails: Mutex<Vec<Mail>>,
}

impl Sink {
    /// A server on a port of its own.
    pub async fn start() -> Self {
        Self::on("127.0.0.1:0").await
    }

    /// A server on this address.
    pub async fn on(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let sink = Self {
            url: format!("smtp://{}?tls=none", listener.local_addr().expect("bound")),
            state: Arc::new(State {
                mode: Mutex::new(Mode::Up),
                mails: Mutex::default(),
            }),
        };
        let state = Arc::clone(&sink.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move { state.talk(stream).await.ok() });
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

    /// One conversation, RFC 5321.
    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufStream::new(stream);
        if self.mode() == Mode::Down {
            return Ok(());
        }
        say(&mut stream, "220 sink").await?;
        let mut to = Vec::new();
        loop {
            let line = hear(&mut stream).await?;
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let answer = match verb.as_str() {
                _ if self.mode() == Mode::Down => return Ok(()),
                "EHLO" => "250-sink\r\n250 8BITMIME",
                "MAIL" if self.mode() == Mode::Busy => "451 come back later",
                "MAIL" if self.mode() == Mode::Refuses => "550 not here",
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                    to.push(address.to_owned());
                    "250 ok"
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let raw = data(&mut stream).await?;
                    let to = std::mem::take(&mut to);
                    self.mails.lock().unwrap().push(Mail { to, raw });
                    match self.mode() {
                        Mode::LosesAnswers => return Ok(()),
                        Mode::Silent => std::future::pending().await,
                        _ => {}
                    }
                    "250 taken"
                }
                "QUIT" | "" => return say(&mut stream, "221 bye").await,
                _ => "250 ok",
            };
            if self.mode() == Mode::Slow {
                tokio::time::sleep(SLOW).await;
            }
            say(&mut stream, answer).await?;
        }
    }
}

async fn say(stream: &mut BufStream<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn hear(stream: &mut BufStream<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

async fn data(stream: &mut BufStream<TcpStream>) -> std::io::Result<String> {
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
