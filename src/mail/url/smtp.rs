//! Addresses of mail servers: `smtp://` and `smtps://`.

use crate::config::Secret;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use std::net::IpAddr;

/// The port of message submission, RFC 6409.
const SUBMISSION: u16 = 587;
/// The port of message submission over TLS, RFC 8314.
const SUBMISSIONS: u16 = 465;

/// A mail server and how to speak to it.
#[derive(Debug, Clone)]
pub struct SmtpUrl {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// 587 for `smtp`, 465 for `smtps`, if the URL names none.
    pub port: u16,
    /// User and password; none: no authentication.
    pub login: Option<(String, Secret)>,
    /// When the connection is encrypted.
    pub tls: Tls,
}

/// When a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte: `smtps://`.
    Implicit,
    /// STARTTLS or no mail: `?tls=required`, and always in production except to loopback.
    Required,
    /// STARTTLS when the server offers it.
    WhenOffered,
    /// Never: `?tls=none`.
    Never,
}

/// Reads the address of a mail server.
pub(super) fn parse(url: &Url, key: Option<Secret>, production: bool) -> Result<SmtpUrl, String> {
    let host = match url.host_str() {
        Some(host) if !host.is_empty() => host.trim_matches(['[', ']']).to_owned(),
        _ => return Err("must name a mail server, such as smtp://mail.example.org".to_owned()),
    };
    if !matches!(url.path(), "" | "/") {
        return Err("can't have a path after the mail server's name; write / as %2F".to_owned());
    }
    let implicit = url.scheme() == "smtps";
    let strict = production && !is_loopback(&host);
    Ok(SmtpUrl {
        tls: tls(url, implicit, strict)?,
        login: login(url, key)?,
        port: url
            .port()
            .unwrap_or(if implicit { SUBMISSIONS } else { SUBMISSION }),
        host,
    })
}

/// The only query an SMTP address has is `?tls=`.
fn tls(url: &Url, implicit: bool, strict: bool) -> Result<Tls, String> {
    let mut asked = None;
    for (name, value) in url.query_pairs() {
        asked = match (&*name, &*value) {
            ("tls", "required") => Some(Tls::Required),
            ("tls", "none") => Some(Tls::Never),
            _ => return Err("can have no query but ?tls=required or ?tls=none".to_owned()),
        };
    }
    match (asked, implicit) {
        (Some(Tls::Never), true) => Err("can't be smtps:// with ?tls=none".to_owned()),
        (_, true) => Ok(Tls::Implicit),
        (Some(Tls::Never), false) if strict => {
            Err("can't have ?tls=none in production, except to a loopback host".to_owned())
        }
        (Some(asked), false) => Ok(asked),
        (None, false) if strict => Ok(Tls::Required),
        (None, false) => Ok(Tls::WhenOffered),
    }
}

/// The password is the URL's, else `EMAIL_API_KEY`. Without a user nobody logs in.
fn login(url: &Url, key: Option<Secret>) -> Result<Option<(String, Secret)>, String> {
    let user = decoded(url.username())?;
    let password = url.password().filter(|password| !password.is_empty());
    match (user.is_empty(), password) {
        (true, None) => Ok(None),
        (true, Some(_)) => Err("has a password without a user".to_owned()),
        (false, Some(password)) => Ok(Some((user, Secret(decoded(password)?)))),
        (false, None) => match key {
            Some(key) => Ok(Some((user, key))),
            None => Err("names a user without a password; add it or set EMAIL_API_KEY".to_owned()),
        },
    }
}

fn decoded(text: &str) -> Result<String, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| "has a user or password that is not UTF-8 once decoded".to_owned())
}

fn is_loopback(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::mail::EmailUrl;

    fn smtp_url(text: &str, key: Option<&str>, production: bool) -> SmtpUrl {
        match EmailUrl::parse(text, key, production) {
            Ok(EmailUrl::Smtp(url)) => url,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn problem(text: &str, production: bool) -> String {
        EmailUrl::parse(text, None, production).unwrap_err()
    }

    #[test]
    fn hosts_and_ports() {
        for (text, host, port) in [
            ("smtp://mail.example.org", "mail.example.org", 587),
            ("smtp://mail.example.org/", "mail.example.org", 587),
            ("smtps://mail.example.org", "mail.example.org", 465),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525),
            ("smtp://[::1]:25", "::1", 25),
        ] {
            let url = smtp_url(text, None, false);
            assert_eq!((&*url.host, url.port), (host, port), "{text}");
            assert!(url.login.is_none(), "{text}");
        }
    }

    #[test]
    fn when_the_connection_is_encrypted() {
        for (text, production, tls) in [
            ("smtp://mail.example.org", false, Tls::WhenOffered),
            ("smtp://mail.example.org", true, Tls::Required),
            ("smtp://mail.example.org?tls=required", false, Tls::Required),
            ("smtp://mail.example.org/?tls=none", false, Tls::Never),
            ("smtp://localhost", true, Tls::WhenOffered),
            ("smtp://127.0.0.1:1025?tls=none", true, Tls::Never),
            ("smtp://[::1]", true, Tls::WhenOffered),
            ("smtps://mail.example.org", true, Tls::Implicit),
            ("smtps://mail.example.org?tls=required", true, Tls::Implicit),
        ] {
            assert_eq!(smtp_url(text, None, production).tls, tls, "{text}");
        }
        assert!(problem("smtp://mail.example.org?tls=none", true).contains("in production"));
        assert!(problem("smtps://localhost?tls=none", false).contains("smtps"));
    }

    #[test]
    fn who_logs_in() {
        for (text, key, expected) in [
            ("smtp://ana:pw@h", Some("key"), Some(("ana", "pw"))),
            ("smtp://ana@h", Some("key"), Some(("ana", "key"))),
            ("smtp://ana:@h", Some("key"), Some(("ana", "key"))),
            ("smtp://h", Some("key"), None),
            (
                "smtps://a%40b.org:p%2F%23%3A%C3%A9@h",
                None,
                Some(("a@b.org", "p/#:é")),
            ),
        ] {
            let login = smtp_url(text, key, false).login;
            let login = login.as_ref().map(|(user, Secret(pw))| (&**user, &**pw));
            assert_eq!(login, expected, "{text}");
        }
        assert!(problem("smtp://ana@h", false).contains("EMAIL_API_KEY"));
    }
}
