//! From the environment's text to a checked [`Config`].

use super::{
    AvatarStore, Config, ConfigError, Environment, LogFormat, Secret, addresses::socket_addr,
    reader::Reader, spans, variables as var,
};
use crate::{domain::limit::Limits, mail::EmailUrl};
use std::{
    collections::HashMap,
    io::IsTerminal,
    net::SocketAddr,
    path::{Path, PathBuf},
};

const SENDGRID: &str = "https://api.sendgrid.com/v3/mail/send";

pub(super) fn parse(env: &HashMap<String, String>) -> Result<Config, ConfigError> {
    let mut read = Reader::new(env);
    let config = config(&mut read);
    match (config, read.problems()) {
        (Some(config), problems) if problems.is_empty() => Ok(config),
        (_, problems) => Err(ConfigError(problems)),
    }
}

/// What is wrong with a variable is noted, and its default taken, so that what else is wrong is found: there
/// is none only when a default of ours can't be read.
fn config(read: &mut Reader) -> Option<Config> {
    let environment = read.or_default(&var::APP_ENV)?;
    let production = environment == Environment::Production;
    let missing_in_production = read.missing_in_production();
    if production {
        read.require(&missing_in_production);
    }
    let data_dir = read.or_default(&var::DATA_DIR)?;
    let listen_addr = read.or_default(&var::LISTEN_ADDR)?;
    let public_url = read
        .optional(&var::PUBLIC_URL)
        .unwrap_or_else(|| format!("http://localhost:{}", listen_addr.port()));
    let rate_limits = read.or_default(&var::RATE_LIMITS)?;
    if !rate_limits && production && !listen_addr.ip().is_loopback() {
        read.problem(
            var::RATE_LIMITS.name,
            "can't be off in production unless LISTEN_ADDR is loopback",
        );
    }
    Some(Config {
        environment,
        public_url,
        email_from: read.or_default(&var::EMAIL_FROM)?,
        database_url: read.optional(&var::DATABASE_URL),
        // Two cores and 32 clients: 654 follows a second over 4 connections, 1,096 over 8, 1,347 over
        // 16, 1,016 over 32, and lists as many from 8 on. A wait for the disk is what they share.
        database_pool_size: read.or_default(&var::DATABASE_POOL_SIZE)?,
        database_read_url: database_read_url(read),
        database_read_max_lag: read.or_default(&var::DATABASE_READ_MAX_LAG)?,
        auto_migrate: read.optional(&var::AUTO_MIGRATE).unwrap_or(!production),
        jwt_private_key: read.optional(&var::JWT_PRIVATE_KEY),
        jwt_key_file: key_file_of(read, &data_dir),
        jwt_retired_public_keys: read
            .optional(&var::JWT_RETIRED_PUBLIC_KEYS)
            .unwrap_or_default(),
        secret_key: read.optional(&var::SECRET_KEY),
        email_url: email_url(read, &data_dir, production),
        avatar_store: AvatarStore::read(read, &data_dir),
        password_hasher: read.or_default(&var::PASSWORD_HASHER)?,
        require_verified_email: read.or_default(&var::REQUIRE_VERIFIED_EMAIL)?,
        avatar_url_hosts: read.list(&var::AVATAR_URL_HOSTS),
        posts_service_url: read.optional(&var::POSTS_SERVICE_URL),
        rate_limits,
        limits: Limits::with(read.list(&var::RATE_LIMIT_RULES)),
        trusted_proxies: read.list(&var::TRUSTED_PROXIES),
        cors_allowed_origins: read.list(&var::CORS_ALLOWED_ORIGINS),
        log_format: read
            .optional(&var::LOG_FORMAT)
            .unwrap_or_else(default_log_format),
        spans: spans::read(read),
        listen_addr,
        data_dir,
        missing_in_production,
    })
}

/// Where a service with this `LISTEN_ADDR` listens, for who needs to know nothing else.
///
/// # Errors
/// What is wrong with it.
pub fn listen_addr(text: Option<&str>) -> Result<SocketAddr, String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let text = text.unwrap_or(var::LISTEN_ADDR.default);
    socket_addr(text).map_err(|problem| format!("LISTEN_ADDR {problem}"))
}

/// Where the signing key is kept: the path in `JWT_PRIVATE_KEY`, or the one made under `DATA_DIR`.
pub(super) fn key_file(env: &HashMap<String, String>) -> Option<PathBuf> {
    let mut read = Reader::new(env);
    let data_dir = read.or_default(&var::DATA_DIR)?;
    key_file_of(&read, &data_dir)
}

fn key_file_of(read: &Reader, data_dir: &Path) -> Option<PathBuf> {
    match read.text(var::JWT_PRIVATE_KEY.name) {
        Some(text) if text.contains("-----BEGIN") => None,
        Some(path) => Some(path.into()),
        None => Some(data_dir.join("jwt-private-key.pem")),
    }
}

fn email_url(read: &mut Reader, data_dir: &Path, production: bool) -> EmailUrl {
    let key = read.text(var::EMAIL_API_KEY.name);
    let parse = |text: &str| EmailUrl::parse(text, key, production);
    let default = || EmailUrl::File(data_dir.join("mail"));
    let name = var::EMAIL_URL.name;
    if read.text(name).is_none() && key.is_some() {
        return parse(SENDGRID).unwrap_or_else(|_| default());
    }
    read.parsed(name, parse).unwrap_or_else(default)
}

/// Replicas are of a database that somebody runs.
fn database_read_url(read: &mut Reader) -> Option<Secret> {
    let name = var::DATABASE_READ_URL.name;
    if read.text(name).is_some() && read.text(var::DATABASE_URL.name).is_none() {
        read.problem(name, "needs DATABASE_URL too");
        return None;
    }
    read.optional(&var::DATABASE_READ_URL)
}

fn default_log_format() -> LogFormat {
    if std::io::stdout().is_terminal() {
        LogFormat::Text
    } else {
        LogFormat::Json
    }
}
