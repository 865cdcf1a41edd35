//! Mails over SMTP, with connections that are used again.

use super::{
    Refused,
    url::{SmtpUrl, Tls},
    wire::Wire,
};
use crate::{
    config::Secret,
    error::{Cause, causes},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use lettre::{
    Message,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use std::{
    error::Error as _,
    net::Ipv4Addr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// For the name, the connection, TLS and the login together.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// For the mail and the answer to it. Servers look for spam before they answer: an answer
/// missed is a second copy sent.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// For a connection that rests to prove that it is alive, or to say goodbye.
const PING_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may rest. Servers, and routers before them, forget it after a while.
const REST: Duration = Duration::from_secs(30);

/// A mail server. Not the library's transport: its pool takes a connection back whose exchange
/// was cut short by a time-out, and then takes the answers to one mail for those to the next.
pub(super) struct Smtp {
    url: SmtpUrl,
    credentials: Option<Credentials>,
    parameters: Option<TlsParameters>,
    hello: ClientId,
    resting: Mutex<Vec<Resting>>,
}

struct Resting {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Smtp {
    /// Greets as the sender's `domain`: a container's own name is no name on the internet.
    pub(super) fn new(url: SmtpUrl, domain: &str) -> Result<Self, Cause> {
        Ok(Self {
            credentials: url
                .login
                .as_ref()
                .map(|(user, Secret(password))| Credentials::new(user.clone(), password.clone())),
            parameters: parameters(&url)?,
            hello: if domain.is_ascii() {
                ClientId::Domain(domain.to_owned())
            } else {
                ClientId::Ipv4(Ipv4Addr::LOCALHOST)
            },
            url,
            resting: Mutex::default(),
        })
    }

    /// Sends one mail. On any error, and when the caller stops waiting, the connection is
    /// dropped: only one that waits for a new command may rest.
    pub(super) async fn send(&self, message: &Message) -> Result<(), Cause> {
        let mut connection = timeout(CONNECT_WITHIN, self.connection())
            .await
            .map_err(|_| "the mail server did not let us in within 20 s")??;
        let text = message.formatted();
        timeout(ANSWER_WITHIN, hand_over(&mut connection, message, &text))
            .await
            .map_err(|_| "the mail server did not answer within 60 s")??;
        self.resting().push(Resting {
            connection,
            since: Instant::now(),
        });
        Ok(())
    }

    /// Connects and logs in, and says goodbye.
    pub(super) async fn try_out(&self) -> Result<(), Cause> {
        let mut connection = self.connect().await.map_err(|error| self.hushed(&*error))?;
        connection.quit().await.ok();
        Ok(())
    }

    /// What a server said, without the password: some repeat what they were sent.
    fn hushed(&self, error: &dyn std::error::Error) -> Cause {
        let mut told = causes(error);
        if let Some((user, Secret(password))) = &self.url.login {
            let plain = format!("\0{user}\0{password}");
            for sent in [&plain, password] {
                told = told.replace(&BASE64_STANDARD.encode(sent), "…");
            }
            told = told.replace(&**password, "…");
        }
        told.into()
    }

    /// Says goodbye on connections that rested for too long.
    pub(super) fn tidy(&self) {
        let tired: Vec<Resting> = self
            .resting()
            .extract_if(.., |resting| resting.since.elapsed() > REST)
            .collect();
        for mut resting in tired {
            tokio::spawn(async move { timeout(PING_WITHIN, resting.connection.quit()).await });
        }
    }

    /// The connection that rested last, if it is alive, else a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Cause> {
        let last = self.resting().pop();
        if let Some(Resting {
            mut connection,
            since,
        }) = last
            && since.elapsed() < REST
            && timeout(PING_WITHIN, connection.test_connected())
                .await
                .unwrap_or(false)
        {
            return Ok(connection);
        }
        self.connect().await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Cause> {
        let server = (&*self.url.host, self.url.port);
        let (hello, parameters) = (&self.hello, self.parameters.clone());
        let mut connection = if self.url.tls == Tls::Implicit {
            AsyncSmtpConnection::connect_tokio1(server, None, hello, parameters, None).await?
        } else {
            // With implicit TLS the library lets nobody in between, and needs it less.
            let wire = Box::new(Wire::connect(server).await?);
            AsyncSmtpConnection::connect_with_transport(wire, hello).await?
        };
        let upgrade = match self.url.tls {
            Tls::Required => true,
            Tls::WhenOffered => connection.can_starttls(),
            Tls::Implicit | Tls::Never => false,
        };
        if let Some(parameters) = self.parameters.clone().filter(|_| upgrade) {
            connection.starttls(parameters, &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says who the mail is from and for, and what is in it. It is ASCII alone and needs no extension. An answer
/// to the sender's address is about us, and never final; one to the recipient's or to the text is about
/// this mail.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
    text: &[u8],
) -> Result<(), Cause> {
    let envelope = message.envelope();
    let from = Mail::new(envelope.from().cloned(), Vec::new());
    connection.command(from).await?;
    for to in envelope.to() {
        let to = Rcpt::new(to.clone(), Vec::new());
        connection.command(to).await.map_err(about_the_mail)?;
    }
    connection.command(Data).await.map_err(about_the_mail)?;
    connection.message(text).await.map_err(about_the_mail)?;
    Ok(())
}

/// A 5xx is final (RFC 5321 section 4.2.1), unless it speaks of who we are: that we may not send this
/// here (5.7, RFC 3463 section 3.8) or have to log in (RFC 4954 section 6) is ours to mend, and the mail
/// waits for it.
fn about_the_mail(error: SmtpError) -> Cause {
    let told = causes(&error);
    let code = error.status().map(|code| code.to_string());
    let is_ours = matches!(code.as_deref(), Some("530" | "534" | "535" | "538"))
        || error
            .source()
            .is_some_and(|said| said.to_string().starts_with("5.7."));
    if error.is_permanent() && !is_ours {
        Refused(told).into()
    } else {
        error.into()
    }
}

/// What to ask of the server's certificate; none: TLS is never used.
fn parameters(url: &SmtpUrl) -> Result<Option<TlsParameters>, Cause> {
    // Who can show a false certificate could as well hide STARTTLS: where TLS is taken only
    // when offered, checking would turn mails away and protect nobody (RFC 7435). Where TLS
    // is asked for, the certificate is checked.
    let unchecked = match url.tls {
        Tls::Never => return Ok(None),
        Tls::WhenOffered => true,
        Tls::Implicit | Tls::Required => false,
    };
    let parameters = TlsParameters::builder(url.host.clone())
        .dangerous_accept_invalid_certs(unchecked)
        .dangerous_accept_invalid_hostnames(unchecked)
        .build()?;
    Ok(Some(parameters))
}
