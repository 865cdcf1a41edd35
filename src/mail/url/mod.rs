//! `EMAIL_URL` and `EMAIL_API_KEY`: where mails go.

mod smtp;

pub use smtp::{SmtpUrl, Tls};

use crate::config::Secret;
use reqwest::Url;
use std::path::PathBuf;

const FORMS: &str = "must be smtp://host, smtps://host, https://… or file:DIR";

/// How mails leave. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum EmailUrl {
    /// `smtp://` and `smtps://`: a mail server.
    Smtp(SmtpUrl),
    /// `https://` and `http://`: a provider's JSON API in the shape of `SendGrid`'s v3 `mail/send`.
    Http {
        /// The address to post to. Its query may hold a key, so all of it is secret.
        url: Secret<Url>,
        /// `EMAIL_API_KEY`, the bearer key.
        key: Option<Secret>,
    },
    /// `file:DIR`: one `.eml` file a mail.
    File(PathBuf),
}

impl EmailUrl {
    /// Reads `EMAIL_URL`. The error is a phrase that follows the variable's name and
    /// repeats nothing of the value, which may hold a password.
    pub fn parse(text: &str, api_key: Option<&str>, production: bool) -> Result<Self, String> {
        if let Some(directory) = text.strip_prefix("file:") {
            return match directory {
                "" => Err("must name a folder after file:".to_owned()),
                _ => Ok(Self::File(PathBuf::from(directory))),
            };
        }
        let url = Url::parse(text).map_err(|_| {
            format!("{FORMS}; write special characters of a user or password as %XX")
        })?;
        if url.fragment().is_some() {
            return Err("can't have a part after #; write # as %23".to_owned());
        }
        let key = api_key.map(|key| Secret(key.to_owned()));
        match url.scheme() {
            "smtp" | "smtps" => smtp::parse(&url, key, production).map(Self::Smtp),
            "https" | "http" => http(url, key),
            _ => Err(FORMS.to_owned()),
        }
    }
}

fn http(url: Url, key: Option<Secret>) -> Result<EmailUrl, String> {
    if url.username().is_empty() && url.password().is_none() {
        let url = Secret(url);
        Ok(EmailUrl::Http { url, key })
    } else {
        Err("can't have a user or password in an http address; set EMAIL_API_KEY".to_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn problem(text: &str, production: bool) -> String {
        EmailUrl::parse(text, None, production).unwrap_err()
    }

    #[test]
    fn providers_and_folders() {
        let url = EmailUrl::parse("https://mail.example.org/v3/mail/send?x=1", Some("k"), true);
        let Ok(EmailUrl::Http { url, key }) = url else {
            panic!("{url:?}")
        };
        assert_eq!(url.0.as_str(), "https://mail.example.org/v3/mail/send?x=1");
        assert_eq!(key.map(|key| key.0).as_deref(), Some("k"));
        let plain = EmailUrl::parse("http://127.0.0.1:9000/send", None, true);
        assert!(matches!(plain, Ok(EmailUrl::Http { key: None, .. })));
        for (text, path) in [
            ("file:var/mail", "var/mail"),
            ("file:///tmp/mail", "/tmp/mail"),
        ] {
            let url = EmailUrl::parse(text, None, true);
            assert!(matches!(url, Ok(EmailUrl::File(dir)) if dir == *path));
        }
    }

    #[test]
    fn bad_values_are_refused_and_never_repeated() {
        for bad in [
            "hunter2",
            "ftp://hunter2@h",
            "smtp://",
            "smtp:hunter2",
            "smtp://ana:hunter#2@h",
            "smtp://ana:12#hunter2@h",
            "smtp://:hunter2@h",
            "smtp://ana:hunter2@h/path",
            "smtp://ana:hunter2@h?tls=maybe",
            "smtp://ana:hunter2@h?TLS=none",
            "smtp://ana:hunter2%FF@h",
            "smtp://ana:hunter2@h:99999",
            "https://ana:hunter2@h/send",
            "https://h/send#hunter2",
            "file:",
        ] {
            let problem = problem(bad, false);
            assert!(!problem.contains("hunter"), "{bad}: {problem}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let smtp = EmailUrl::parse("smtp://ana:hunter2@h", None, false).unwrap();
        let http = EmailUrl::parse("https://h/?key=hunter2", Some("hunter2"), false).unwrap();
        assert!(!format!("{smtp:?}{http:?}").contains("hunter2"));
    }
}
