//! The one door that all mails leave through.

use super::{EmailUrl, Mail, file, provider::Provider, smtp::Smtp};
use crate::error::Cause;
use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MessageId},
    },
};
use std::path::PathBuf;

/// The longest line that SMTP carries, RFC 5321 section 4.5.3.1.6, without its CRLF.
const LONGEST_LINE: usize = 998;

/// Sends mails to what `EMAIL_URL` names. Built once: it keeps connections.
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

enum Transport {
    Smtp(Smtp),
    Provider(Provider),
    Folder(PathBuf),
}

impl Mailer {
    /// A mailer for this address and sender. Nothing is connected yet.
    pub fn new(url: &EmailUrl, from: Mailbox) -> Result<Self, Cause> {
        let transport = match url {
            EmailUrl::Smtp(url) => Transport::Smtp(Smtp::new(url.clone(), from.email.domain())?),
            EmailUrl::Http { url, key } => {
                Transport::Provider(Provider::new(url.0.clone(), key.clone())?)
            }
            EmailUrl::File(directory) => Transport::Folder(directory.clone()),
        };
        Ok(Self { from, transport })
    }

    /// Sends one mail. `Ok` means that the other side took it over. Ends within 80 s: 20 s
    /// to connect and log in, 60 s until the mail is taken.
    ///
    /// # Errors
    /// [`Refused`](super::Refused) when this mail can't be delivered, ever; all else may pass, or be mended by whoever
    /// runs the service, and is worth another try.
    pub async fn send(&self, mail: &Mail) -> Result<(), Cause> {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(&mime(&self.from, mail)?).await,
            Transport::Provider(provider) => provider.send(&self.from, mail).await,
            Transport::Folder(directory) => {
                let message = mime(&self.from, mail)?.formatted();
                file::write(directory.clone(), file::name(mail)?, message).await
            }
        }
    }

    /// Connects, encrypts and logs in as for a mail, and sends none. A provider is asked for its front
    /// page, without the key: that costs nothing.
    pub async fn try_out(&self) -> Result<(), Cause> {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.try_out().await,
            Transport::Provider(provider) => provider.try_out().await,
            Transport::Folder(_) => Ok(()),
        }
    }

    /// Closes connections that nobody used for a while; call it now and then.
    pub fn tidy(&self) {
        if let Transport::Smtp(smtp) = &self.transport {
            smtp.tidy();
        }
    }
}

/// The mail as RFC 5322 text: `multipart/alternative`, plain text first.
fn mime(from: &Mailbox, mail: &Mail) -> Result<Message, Cause> {
    let to: Address = mail.to.parse()?;
    let parts = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
        .singlepart(part(ContentType::TEXT_HTML, &mail.html));
    Ok(Message::builder()
        .header(MessageId::from(mail.message_id.clone()))
        .date(mail.date.into())
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject.clone())
        .raw_header(HeaderValue::new(
            // RFC 3834: no out-of-office replies, please.
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(parts)?)
}

fn part(content_type: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(content_type).body(body(text))
}

/// The text as it is whenever SMTP can carry it, so that a link stays in one piece even in the
/// raw mail: the library's own choice would be quoted-printable, which breaks lines of over
/// 76 characters.
fn body(text: &str) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        let lines: String = text.lines().flat_map(|line| [line, "\r\n"]).collect();
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;
    use time::macros::datetime;

    pub fn mail() -> Mail {
        let link = format!("https://social.example.org/verify?token={}", "t".repeat(43));
        Mail {
            message_id: "<0198c0de@social.example.org>".to_owned(),
            date: datetime!(2026-11-22 14:30:05.25 UTC),
            to: "ana@example.org".to_owned(),
            subject: "Verify your email address".to_owned(),
            text: format!("Hello ana,\n\n{link}\n\nBye.\n"),
            html: format!("<p>Hello ana, <a href=\"{link}\">verify</a>"),
            trace_id: None,
        }
    }

    fn raw(mail: &Mail) -> String {
        let from: Mailbox = "Users Service <no-reply@example.org>".parse().unwrap();
        String::from_utf8(mime(&from, mail).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_link_stays_in_one_piece_in_the_raw_mail() {
        let link = format!(
            "\r\nhttps://social.example.org/verify?token={}\r\n",
            "t".repeat(43)
        );
        assert!(raw(&mail()).contains(&link));
    }

    #[test]
    fn headers() {
        let raw = raw(&mail());
        let head = raw.split("\r\n\r\n").next().unwrap();
        for line in [
            "Message-ID: <0198c0de@social.example.org>",
            "Date: Sun, 22 Nov 2026 14:30:05 +0000",
            "From: \"Users Service\" <no-reply@example.org>",
            "To: ana@example.org",
            "Subject: Verify your email address",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ] {
            assert!(head.lines().any(|header| header == line), "{line}\n{head}");
        }
        assert!(head.contains("multipart/alternative"));
        assert!(raw.find("text/plain").unwrap() < raw.find("text/html").unwrap());
        assert_eq!(raw.matches("Content-Transfer-Encoding: 7bit").count(), 2);
    }

    #[test]
    fn text_that_smtp_can_not_carry_is_encoded() {
        let mut odd = mail();
        odd.text = "Grüße\n".to_owned();
        odd.html = "x".repeat(2_000);
        let raw = raw(&odd);
        assert!(raw.is_ascii());
        assert!(raw.lines().all(|line| line.len() <= LONGEST_LINE));
        assert!(!raw.contains("7bit"));
    }

    #[test]
    fn every_address_that_can_register_can_be_written_to() {
        for address in [
            "o'hara+x@example.org",
            "!#$%&'*+-/=?^_`{|}~.a@example.org",
            "UPPER@EXAMPLE.ORG",
            "x@xn--bcher-kva.example",
            "1@1.2.3a",
            &format!("{}@{}.org", "l".repeat(64), "d".repeat(63)),
        ] {
            let mut mail = mail();
            address.clone_into(&mut mail.to);
            let from: Mailbox = "no-reply@localhost".parse().unwrap();
            let message = mime(&from, &mail).unwrap();
            assert_eq!(message.envelope().to()[0].to_string(), address);
        }
    }
}
