//! From the environment's text to a checked [`Config`].

use super::{
    AvatarStore, Config, ConfigError, Environment, LogFormat, PasswordHasher, Secret,
    reader::Reader,
    spans,
    values::{
        base_url, database_url, host, key_file, mailbox, network, origin, pem_or_file,
        retired_keys, socket_addr,
    },
};
use crate::{
    crypto::{keys, secret_key},
    domain::limit::Limits,
    mail::EmailUrl,
};
use std::{
    collections::HashMap,
    io::IsTerminal,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

const PASSWORD_HASHERS: &[(&str, PasswordHasher)] = &[
    ("argon2id", PasswordHasher::Argon2id),
    ("bcrypt", PasswordHasher::Bcrypt),
];
const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_SENDER: &str = "Users Service <no-reply@localhost>";
const SENDGRID: &str = "https://api.sendgrid.com/v3/mail/send";

pub(super) fn parse(env: &HashMap<String, String>) -> Result<Config, ConfigError> {
    let mut read = Reader::new(env);
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
    let missing_in_production = read.missing_in_production();
    if production {
        read.require(&missing_in_production);
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
        secret_key: read.parsed("SECRET_KEY", secret_key::parse),
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
        trusted_proxies: read.list("TRUSTED_PROXIES", network),
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
        missing_in_production,
    });
    match (config, read.problems()) {
        (Some(config), problems) if problems.is_empty() => Ok(config),
        (_, problems) => Err(ConfigError(problems)),
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

fn default_log_format() -> LogFormat {
    if std::io::stdout().is_terminal() {
        LogFormat::Text
    } else {
        LogFormat::Json
    }
}
