//! `/dev/mail`: the mails that were sent, so that a newcomer verifies an account without leaving
//! the browser. In development only, and only for who sits at the machine itself: whoever can read
//! them can have any account.

use super::kit::{page::Frame, visit::Visit};
use crate::{
    Config, Error, Result,
    http::{forwarded, head},
    mail::EmailUrl,
};
use askama::Template;
use base64::{Engine, prelude::BASE64_STANDARD};
use poem::{Request, Response, handler, http::StatusCode, web::Path};
use reqwest::Url;
use std::{net::IpAddr, path::Path as FilePath};

/// The most mails listed.
const MAX_LISTED: usize = 100;

#[derive(Template)]
#[template(path = "dev_mail/list.html")]
struct MailsPage {
    frame: Frame,
    mails: Vec<Mail>,
    /// Where mails go instead of a folder.
    elsewhere: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "dev_mail/mail.html")]
struct MailPage {
    frame: Frame,
    mail: Mail,
}

/// What a person wants to know of a mail.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mail {
    file: String,
    to: String,
    subject: String,
    date: String,
    lines: Vec<String>,
}

/// `GET /dev/mail`
#[handler]
pub(super) async fn list(visit: Visit<'_>) -> Result<Response> {
    require_local(visit.request, &visit.app.config)?;
    let (mut mails, mut elsewhere) = (Vec::new(), None);
    match &visit.app.config.email_url {
        EmailUrl::File(folder) => {
            for file in newest_first(folder).await?.into_iter().take(MAX_LISTED) {
                mails.push(read(folder, file).await?);
            }
        }
        EmailUrl::Smtp(_) => elsewhere = Some("to the mail server in EMAIL_URL"),
        EmailUrl::Http { .. } => elsewhere = Some("to the mail provider in EMAIL_URL"),
    }
    let page = MailsPage {
        frame: visit.frame(visit.viewer().await?),
        mails,
        elsewhere,
    };
    visit.page(StatusCode::OK, &page)
}

/// `GET /dev/mail/{file}`
#[handler]
pub(super) async fn show(visit: Visit<'_>, Path(file): Path<String>) -> Result<Response> {
    require_local(visit.request, &visit.app.config)?;
    let EmailUrl::File(folder) = &visit.app.config.email_url else {
        return Err(Error::NotFound);
    };
    // Only a name that the folder itself lists is opened: no name leads out of it.
    if !newest_first(folder).await?.contains(&file) {
        return Err(Error::NotFound);
    }
    let page = MailPage {
        mail: read(folder, file).await?,
        frame: visit.frame(visit.viewer().await?),
    };
    visit.page(StatusCode::OK, &page)
}

/// For everybody else there is no such page. The connection itself must come from this machine, and
/// no proxy on it may have passed on what came from elsewhere. The browser must have been sent to
/// this machine by its name: another site's name can be made to lead here (DNS rebinding), and its
/// script would read the mails.
fn require_local(request: &Request, config: &Config) -> Result<()> {
    let peer = request.remote_addr().as_socket_addr();
    let is_near = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let is_named = head::host(request).is_some_and(|host| is_our_name(&host, config));
    if is_near && is_named && !forwarded::is_forwarded(request) {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// Whether a host, in lower case and without its port, is this machine or that of `PUBLIC_URL`.
fn is_our_name(host: &str, config: &Config) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let public = Url::parse(&config.public_url).ok();
    host == "localhost" || is_loopback || public.is_some_and(|url| url.host_str() == Some(host))
}

/// The names of the mails in a folder; they begin with the time. Before the first mail there is
/// no folder.
async fn newest_first(folder: &FilePath) -> Result<Vec<String>> {
    let Ok(mut entries) = tokio::fs::read_dir(folder).await else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(Error::unavailable)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_mail = FilePath::new(&name)
            .extension()
            .is_some_and(|kind| kind == "eml");
        if is_mail && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}

async fn read(folder: &FilePath, file: String) -> Result<Mail> {
    let bytes = tokio::fs::read(folder.join(&file))
        .await
        .map_err(Error::unavailable)?;
    let mut mail = parse(&String::from_utf8_lossy(&bytes));
    mail.file = file;
    Ok(mail)
}

/// Reads a mail of ours: headers, then parts of which the text comes first.
fn parse(message: &str) -> Mail {
    let message = message.replace("\r\n", "\n");
    let (head, body) = message.split_once("\n\n").unwrap_or((&message, ""));
    let (part_head, text) = text_part(head, body);
    let text = decoded(text, header(part_head, "content-transfer-encoding"));
    Mail {
        file: String::new(),
        to: header(head, "to").to_owned(),
        subject: header(head, "subject").to_owned(),
        date: header(head, "date").to_owned(),
        lines: text.trim().lines().map(str::to_owned).collect(),
    }
}

/// The head and the body of the text part; of the whole mail if it has no parts.
fn text_part<'a>(head: &'a str, body: &'a str) -> (&'a str, &'a str) {
    let boundary = head
        .split_once("boundary=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(boundary, _)| format!("--{boundary}"));
    boundary
        .and_then(|boundary| body.split(boundary.as_str()).nth(1))
        .and_then(|part| part.trim_start().split_once("\n\n"))
        .unwrap_or((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let field = |line: &'a str| line.split_once(':');
    head.lines()
        .filter_map(field)
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map_or("", |(_, value)| value.trim())
}

fn decoded(text: &str, encoding: &str) -> String {
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let text: String = text.split_whitespace().collect();
            BASE64_STANDARD.decode(text).unwrap_or_default()
        }
        "quoted-printable" => quoted_printable(text),
        _ => return text.to_owned(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// RFC 2045 section 6.7: `=XX` is a byte, `=` at the end of a line is no line break.
fn quoted_printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if *first == b'=' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_part_is_found_and_decoded() {
        let mail = |encoding: &str, text: &str| {
            parse(&format!(
                "To: ana@example.org\r\nSubject: Hello\r\n\
                 Content-Type: multipart/alternative; boundary=\"xyz\"\r\n\r\n\
                 --xyz\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}\r\n\
                 \r\n{text}\r\n--xyz\r\nContent-Type: text/html\r\n\r\n<p>\r\n--xyz--\r\n"
            ))
        };
        let plain = mail("7bit", "Hi Ana\r\n\r\nhttp://localhost/verify?token=a=b");
        assert_eq!(
            (plain.to.as_str(), plain.subject.as_str()),
            ("ana@example.org", "Hello")
        );
        assert_eq!(
            plain.lines,
            ["Hi Ana", "", "http://localhost/verify?token=a=b"]
        );
        assert_eq!(mail("quoted-printable", "=C3=A4 =\r\n=3D").lines, ["ä ="]);
        assert_eq!(mail("base64", "w6Qg\r\nPQ==").lines, ["ä ="]);
    }

    #[test]
    fn a_broken_mail_is_shown_as_far_as_it_goes() {
        assert_eq!(parse("").lines, Vec::<String>::new());
        assert_eq!(parse("Subject: x\n\nabc").lines, ["abc"]);
    }
}
