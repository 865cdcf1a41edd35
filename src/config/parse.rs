//! From the environment's text to a checked [`Config`].

use super::{
    AvatarStore, Config, ConfigError, Environment, LogFormat, PasswordHasher, Secret, spans,
};
use crate::{
    crypto::{keys, secrets},
    domain::limit::Limits,
    mail::EmailUrl,
};
use ipnet::IpNet;
use std::{
    collections::HashMap,
    io::IsTerminal,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

/// What production never guesses.
const REQUIRED_IN_PRODUCTION: &[&str] = &[
    "DATABASE_URL",
    "JWT_PRIVATE_KEY",
    "EMAIL_URL",
    "EMAIL_FROM",
    "PUBLIC_URL",
];

const PASSWORD_HASHERS: &[(&str, PasswordHasher)] = &[
    ("argon2id", PasswordHasher::Argon2id),
    ("bcrypt", PasswordHasher::Bcrypt),
];
const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_SENDER: &str = "Users Service <no-reply@localhost>";
const SENDGRID: &str = "https://api.sendgrid.com/v3/mail/send";

/// The variables, and the problems found so far.
pub(super) struct Reader<'a> {
    env: &'a HashMap<String, String>,
    problems: Vec<String>,
}

pub(super) fn parse(env: &HashMap<String, String>) -> Result<Config, ConfigError> {
    let mut read = Reader {
        env,
        problems: Vec::new(),
    };
    let environment = read
        .one_of(
            "APP_ENV",
            &[
                ("development", Environment::Development),
                ("production", Environment::Production),
            ],
        )
        .unwrap_or(Environment::Development);
    let production = environment == Environment::Production;
    if production {
        read.missing_in_production();
    }
    let data_dir = PathBuf::from(read.text("DATA_DIR").unwrap_or("./var"));
    let listen_addr = read
        .parsed("LISTEN_ADDR", socket_addr)
        .unwrap_or(DEFAULT_ADDR);
    let public_url = read
        .parsed("PUBLIC_URL", origin)
        .unwrap_or_else(|| format!("http://localhost:{}", listen_addr.port()));
    let rate_limits = read.switch("RATE_LIMITS", "on", "off").unwrap_or(true);
    if !rate_limits && production && !listen_addr.ip().is_loopback() {
        read.problem(
            "RATE_LIMITS",
            "can't be off in production unless LISTEN_ADDR is loopback",
        );
    }
    let email_from = read.text("EMAIL_FROM").unwrap_or(DEFAULT_SENDER).to_owned();
    let email_from = mailbox(&email_from)
        .map_err(|problem| read.problem("EMAIL_FROM", problem))
        // So that what else is wrong is still found.
        .or_else(|()| mailbox(DEFAULT_SENDER))
        .ok();
    let config = email_from.map(|email_from| Config {
        environment,
        public_url,
        database_url: read.parsed("DATABASE_URL", database_url),
        // Two cores and 32 clients: 654 follows a second over 4 connections, 1,096 over 8, 1,347 over
        // 16, 1,016 over 32, and lists as many from 8 on. A wait for the disk is what they share.
        database_pool_size: read.whole("DATABASE_POOL_SIZE", 1..=500).unwrap_or(10),
        database_read_url: database_read_url(&mut read),
        database_read_max_lag: read
            .whole("DATABASE_READ_MAX_LAG", 1..=60)
            .map_or(Duration::from_secs(2), Duration::from_secs),
        auto_migrate: read
            .switch("AUTO_MIGRATE", "true", "false")
            .unwrap_or(!production),
        jwt_private_key: read.parsed("JWT_PRIVATE_KEY", |text| {
            let pem = pem_or_file(text)?;
            keys::check_private_key(&pem)?;
            Ok(Secret(pem))
        }),
        jwt_key_file: key_file(env),
        jwt_retired_public_keys: read
            .parsed("JWT_RETIRED_PUBLIC_KEYS", retired_keys)
            .unwrap_or_default(),
        secret_key: read.parsed("SECRET_KEY", secrets::parse),
        email_url: email_url(&mut read, &data_dir, production),
        email_from,
        avatar_store: AvatarStore::read(&mut read, &data_dir),
        password_hasher: read
            .one_of("PASSWORD_HASHER", PASSWORD_HASHERS)
            .unwrap_or(PasswordHasher::Argon2id),
        require_verified_email: read
            .switch("REQUIRE_VERIFIED_EMAIL", "true", "false")
            .unwrap_or(true),
        avatar_url_hosts: read.list("AVATAR_URL_HOSTS", host),
        posts_service_url: read.parsed("POSTS_SERVICE_URL", base_url),
        rate_limits,
        limits: limits(&mut read),
        trusted_proxies: read.list("TRUSTED_PROXIES", |text| {
            text.parse()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| format!("`{text}` is no address range such as 10.0.0.0/8"))
        }),
        cors_allowed_origins: read.list("CORS_ALLOWED_ORIGINS", origin),
        log_format: read
            .one_of(
                "LOG_FORMAT",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            )
            .unwrap_or_else(default_log_format),
        spans: spans::read(&mut read),
        listen_addr,
        data_dir: data_dir.clone(),
    });
    match config {
        Some(config) if read.problems.is_empty() => Ok(config),
        _ => Err(ConfigError(read.problems)),
    }
}

/// Where a service with this `LISTEN_ADDR` listens, for who needs to know nothing else.
///
/// # Errors
/// What is wrong with it.
pub fn listen_addr(text: Option<&str>) -> Result<SocketAddr, String> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(DEFAULT_ADDR),
        Some(text) => socket_addr(text).map_err(|problem| format!("LISTEN_ADDR {problem}")),
    }
}

impl Reader<'_> {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.env
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn problem(&mut self, name: &str, problem: impl std::fmt::Display) {
        self.problems.push(format!("{name} {problem}"));
    }

    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let outcome = parse(self.text(name)?);
        outcome.map_err(|problem| self.problem(name, problem)).ok()
    }

    fn whole<T>(&mut self, name: &str, within: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        self.parsed(name, |text| {
            let number = text.parse().ok().filter(|number| within.contains(number));
            number.ok_or_else(|| {
                let (least, most) = (within.start(), within.end());
                format!("must be a whole number from {least} to {most}")
            })
        })
    }

    fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        self.parsed(name, |text| {
            choices
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
                .ok_or_else(|| {
                    let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                    format!("must be {}", words.join(" or "))
                })
        })
    }

    fn switch(&mut self, name: &str, yes: &str, no: &str) -> Option<bool> {
        self.one_of(name, &[(yes, true), (no, false)])
    }

    fn list<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let text = self.text(name).unwrap_or_default().to_owned();
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .filter_map(|item| {
                parse(item)
                    .map_err(|problem| self.problem(name, problem))
                    .ok()
            })
            .collect()
    }

    fn missing_in_production(&mut self) {
        let missing: Vec<_> = REQUIRED_IN_PRODUCTION
            .iter()
            .copied()
            .filter(|name| self.text(name).is_none())
            .collect();
        if !missing.is_empty() {
            self.problems
                .push(format!("{} must be set in production", missing.join(", ")));
        }
    }
}

fn limits(read: &mut Reader) -> Limits {
    let mut limits = Limits::default();
    let changes = read.list("RATE_LIMIT_RULES", |text| Ok(text.to_owned()));
    for text in changes {
        if !limits.change(&text) {
            let problem = format!("`{text}` is no limit such as log_in_account=45+12/h");
            read.problem("RATE_LIMIT_RULES", problem);
        }
    }
    limits
}

fn email_url(read: &mut Reader, data_dir: &std::path::Path, production: bool) -> EmailUrl {
    let key = read.text("EMAIL_API_KEY").map(str::to_owned);
    let parse = |text: &str| EmailUrl::parse(text, key.as_deref(), production);
    let default = || EmailUrl::File(data_dir.join("mail"));
    if read.text("EMAIL_URL").is_none() && key.is_some() {
        return parse(SENDGRID).unwrap_or_else(|_| default());
    }
    read.parsed("EMAIL_URL", parse).unwrap_or_else(default)
}

/// Replicas are of a database that somebody runs.
fn database_read_url(read: &mut Reader) -> Option<Secret> {
    if read.text("DATABASE_READ_URL").is_some() && read.text("DATABASE_URL").is_none() {
        read.problem("DATABASE_READ_URL", "needs DATABASE_URL too");
        return None;
    }
    read.parsed("DATABASE_READ_URL", database_url)
}

fn database_url(text: &str) -> Result<Secret, String> {
    crate::storage::url::check(text).map(|()| Secret(text.to_owned()))
}

fn socket_addr(text: &str) -> Result<SocketAddr, String> {
    SocketAddr::from_str(text)
        .map_err(|_| "must be an address and a port, such as 127.0.0.1:8080".to_owned())
}

/// An http(s) origin: scheme, host and port alone. Comes back without a slash at its end.
fn origin(text: &str) -> Result<String, String> {
    let wrong =
        || format!("`{text}` must be an origin such as https://example.org, without a path");
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if bare {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(wrong())
    }
}

/// Where another service is: http(s), with a path at most.
pub(super) fn base_url(text: &str) -> Result<reqwest::Url, String> {
    // Never repeated: somebody may have put a password into it.
    let wrong = || "must be an address such as http://posts:8080, without a query".to_owned();
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    // As typed, since the parser takes `http:./ana:password@posts` for a host and a path.
    let plain = matches!(url.scheme(), "http" | "https")
        && !text.contains('@')
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url).ok_or_else(wrong)
}

/// A host name, with a port at most: it goes into the Content-Security-Policy.
fn host(text: &str) -> Result<String, String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-.:*".contains(&b));
    if plain && text.bytes().any(|b| b.is_ascii_alphanumeric()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("`{text}` is no host name"))
    }
}

/// Where the signing key is kept: the path in `JWT_PRIVATE_KEY`, or the one made under `DATA_DIR`.
pub(super) fn key_file(env: &HashMap<String, String>) -> Option<PathBuf> {
    let value = |name| env.get(name).filter(|text| !text.trim().is_empty());
    match value("JWT_PRIVATE_KEY") {
        Some(text) if text.contains("-----BEGIN") => None,
        Some(path) => Some(path.into()),
        None => {
            let data_dir = value("DATA_DIR").map_or("./var", String::as_str);
            Some(PathBuf::from(data_dir).join("jwt-private-key.pem"))
        }
    }
}

fn pem_or_file(text: &str) -> Result<String, String> {
    if text.contains("-----BEGIN") {
        return Ok(text.replace("\\n", "\n"));
    }
    // The value may be a key that lost its first line: never repeat it.
    std::fs::read_to_string(text).map_err(|error| {
        format!(
            "is neither PEM text nor the path of a readable file ({})",
            error.kind()
        )
    })
}

fn retired_keys(text: &str) -> Result<Vec<String>, String> {
    const BEGIN: &str = "-----BEGIN";
    let pem = pem_or_file(text)?;
    let keys: Vec<String> = pem
        .split(BEGIN)
        .skip(1)
        .map(|key| format!("{BEGIN}{}", key.trim_end()))
        .collect();
    for key in &keys {
        keys::check_public_key(key)?;
    }
    Ok(keys)
}

fn mailbox(text: &str) -> Result<lettre::message::Mailbox, String> {
    text.parse()
        .map_err(|_| "must be an address such as Users <no-reply@example.org>".to_owned())
}

fn default_log_format() -> LogFormat {
    if std::io::stdout().is_terminal() {
        LogFormat::Text
    } else {
        LogFormat::Json
    }
}
