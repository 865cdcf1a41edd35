//! The configuration: every variable of the environment, checked at start, all problems at once.

mod addresses;
mod avatar_store;
mod choices;
mod help;
mod parse;
mod reader;
mod secret;
mod spans;
mod values;
mod variables;

pub use avatar_store::{AvatarStore, Bucket};
pub use choices::{Environment, LogFormat, PasswordHasher};
pub use help::{help, names};
pub use parse::listen_addr;
pub use reader::ConfigError;
pub use secret::Secret;
pub use spans::Spans;
pub use variables::{VARIABLES, Variable};

use crate::{crypto::secret_key::SecretKey, domain::limit::Limits, mail::EmailUrl};
use ipnet::IpNet;
use lettre::message::Mailbox;
use reqwest::Url;
use std::{collections::HashMap, net::SocketAddr, path::PathBuf, time::Duration};

/// The whole configuration. Secrets redact themselves in `Debug`.
#[derive(Debug, Clone)]
pub struct Config {
    /// `APP_ENV`
    pub environment: Environment,
    /// `LISTEN_ADDR`
    pub listen_addr: SocketAddr,
    /// `PUBLIC_URL`, without a slash at its end.
    pub public_url: String,
    /// `DATABASE_URL`; none: an embedded PostgreSQL.
    pub database_url: Option<Secret>,
    /// `DATABASE_POOL_SIZE`
    pub database_pool_size: usize,
    /// `DATABASE_READ_URL`; none: all reads come from the primary.
    pub database_read_url: Option<Secret>,
    /// `DATABASE_READ_MAX_LAG`
    pub database_read_max_lag: Duration,
    /// `AUTO_MIGRATE`
    pub auto_migrate: bool,
    /// `JWT_PRIVATE_KEY` as PEM text; none: generated once under `DATA_DIR`.
    pub jwt_private_key: Option<Secret>,
    /// The file of the signing key, which the next key and the retired ones stand beside; none
    /// when the key is in the environment itself.
    pub jwt_key_file: Option<PathBuf>,
    /// `JWT_RETIRED_PUBLIC_KEYS`, one PEM text each.
    pub jwt_retired_public_keys: Vec<String>,
    /// `SECRET_KEY`; none: it lies beside the signing key's file, or is derived from that key.
    pub secret_key: Option<SecretKey>,
    /// `EMAIL_URL` with `EMAIL_API_KEY`
    pub email_url: EmailUrl,
    /// `EMAIL_FROM`
    pub email_from: Mailbox,
    /// `AVATAR_STORE`
    pub avatar_store: AvatarStore,
    /// `PASSWORD_HASHER`
    pub password_hasher: PasswordHasher,
    /// `REQUIRE_VERIFIED_EMAIL`
    pub require_verified_email: bool,
    /// `AVATAR_URL_HOSTS`
    pub avatar_url_hosts: Vec<String>,
    /// `POSTS_SERVICE_URL`; none: pages show no posts.
    pub posts_service_url: Option<Url>,
    /// `RATE_LIMITS`
    pub rate_limits: bool,
    /// `RATE_LIMIT_RULES`
    pub limits: Limits,
    /// `TRUSTED_PROXIES`
    pub trusted_proxies: Vec<IpNet>,
    /// `CORS_ALLOWED_ORIGINS`
    pub cors_allowed_origins: Vec<String>,
    /// `LOG_FORMAT`
    pub log_format: LogFormat,
    /// `OTEL_*`; none: no spans are exported.
    pub spans: Option<Spans>,
    /// `DATA_DIR`
    pub data_dir: PathBuf,
    /// What production wants and is not set.
    pub missing_in_production: Vec<&'static str>,
}

impl Config {
    /// Reads the configuration from the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_map(&environment())
    }

    /// The same for a service that was passed its socket: `LISTEN_ADDR` is where that listens.
    pub fn from_env_at(addr: SocketAddr) -> Result<Self, ConfigError> {
        let mut env = environment();
        env.insert("LISTEN_ADDR".to_owned(), addr.to_string());
        Self::from_map(&env)
    }

    /// Reads the configuration from these variables; an empty value counts as unset.
    pub fn from_map(env: &HashMap<String, String>) -> Result<Self, ConfigError> {
        parse::parse(env)
    }

    /// The file of the signing key in the process's environment, for rotating it; none when the key
    /// is in the environment itself.
    #[must_use]
    pub fn key_file() -> Option<PathBuf> {
        parse::key_file(&environment())
    }

    /// Whether this is a development set-up.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.environment == Environment::Development
    }

    /// Whether pages lead to `/dev/mail`: in development, when only this machine can ask.
    #[must_use]
    pub fn offers_dev_mail(&self) -> bool {
        self.is_development() && self.listen_addr.ip().is_loopback()
    }

    /// What to set before a development set-up is for others than its developer; none in production.
    #[must_use]
    pub fn what_production_wants(&self) -> Option<String> {
        let wanted = std::iter::once("APP_ENV=production");
        let wanted: Vec<_> = wanted
            .chain(self.missing_in_production.iter().copied())
            .collect();
        self.is_development().then(|| {
            format!(
                "for anything but trying things out set {}",
                wanted.join(", ")
            )
        })
    }

    /// Whether cookies carry `Secure`: always, except in development over plain http.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        !self.is_development() || self.public_url.starts_with("https://")
    }
}

/// The process's environment. Names and values that are no UTF-8 can't be ours: lossy is enough to
/// report them.
fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .map(|(k, v)| (k.to_string_lossy().into(), v.to_string_lossy().into()))
        .collect()
}
