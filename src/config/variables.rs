//! THE table of the environment's variables. Parsing, `help variables` and the table in the documents come
//! from it.

use super::{
    addresses::{base_url, host, network, origin, socket_addr},
    choices::{
        ENVIRONMENTS, Environment, LOG_FORMATS, LogFormat, ON_OR_OFF, PASSWORD_HASHERS,
        PasswordHasher, TRUE_OR_FALSE, one_of,
    },
    secret::Secret,
    values::{
        database_url, headers, limit, mailbox, private_key, region, retired_keys, share, text,
        whole,
    },
};
use crate::{
    crypto::secret_key::{self, SecretKey},
    domain::limit::{DEFAULTS, Limit, Rule},
};
use ipnet::IpNet;
use lettre::message::Mailbox;
use reqwest::Url;
use std::{collections::HashMap, net::SocketAddr, path::PathBuf, time::Duration};

/// What people are told of a variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its default, as its text or in words.
    pub default: &'static str,
    /// What it does, with its unit.
    pub meaning: &'static str,
}

/// How a variable is read.
pub(super) struct Declared<T> {
    pub(super) name: &'static str,
    pub(super) default: &'static str,
    /// What its text stands for, one item of it in a list; else a phrase that follows the name and says
    /// what is wrong.
    pub(super) parse: fn(&str) -> Result<T, String>,
}

/// Makes a constant for each variable, and the list of all from the same lines.
macro_rules! table {
    ($($name:ident: $kind:ty = $parse:expr, $default:expr, $meaning:expr;)*) => {
        $(pub(super) const $name: Declared<$kind> = Declared {
            name: stringify!($name),
            default: $default,
            parse: $parse,
        };)*

        /// All of them, in the order people need them.
        pub const VARIABLES: &[Variable] = &[$(Variable {
            name: $name.name,
            default: $name.default,
            meaning: $meaning,
        }),*];
    };
}

// A variable: name, type of its value (of one item in a list), parser, default, meaning. `text` stands where
// more than the text is needed to read it.
table! {
    APP_ENV: Environment = |text| one_of(text, ENVIRONMENTS), "development",
        "`development` or `production`; production refuses to start without DATABASE_URL, \
         JWT_PRIVATE_KEY, EMAIL_URL (or EMAIL_API_KEY), EMAIL_FROM and PUBLIC_URL";
    LISTEN_ADDR: SocketAddr = socket_addr, "127.0.0.1:8080",
        "address and port to serve on; not looked at when a socket is passed (LISTEN_FDS of \
         systemd)";
    PUBLIC_URL: String = origin, "http://localhost:8080, with the port of LISTEN_ADDR",
        "base of every absolute link, and the issuer of access tokens";
    DATABASE_URL: Secret = database_url, "a private PostgreSQL under DATA_DIR",
        "PostgreSQL connection string; `sslmode` and `sslrootcert` are honoured; of several hosts, \
         separated by commas, the one that takes writes is used";
    DATABASE_POOL_SIZE: usize = |text| whole(text, 1..=500), "10",
        "most connections to PostgreSQL, 1 to 500, beside one that hears of changes; with \
         DATABASE_READ_URL as many to each replica, and one more that asks how far they are behind";
    DATABASE_READ_URL: Secret = database_url, "none: all reads come from DATABASE_URL",
        "connection string of streaming replicas, several hosts separated by commas, which serve \
         look-ups and lists";
    DATABASE_READ_MAX_LAG: Duration = |text| whole(text, 1..=60).map(Duration::from_secs), "2",
        "how many seconds a replica may be behind, 1 to 60; beyond it DATABASE_URL serves";
    AUTO_MIGRATE: bool = |text| one_of(text, TRUE_OR_FALSE),
        "true in development, false in production",
        "migrate the schema at start";
    JWT_PRIVATE_KEY: Secret = private_key, "development: made once and kept under DATA_DIR",
        "RSA private key of 2048 bits or more as PEM text (a literal `\\n` is a line break) or the \
         path of a PEM file";
    JWT_RETIRED_PUBLIC_KEYS: Vec<String> = retired_keys, "none",
        "PEM public keys still accepted and published while keys rotate";
    SECRET_KEY: SecretKey = secret_key::parse,
        "the file beside the signing key's, or derived from that key",
        "what links in mails, sealed cookies and keyed hashes come of, 32 bytes in base64url; set \
         it before rotating a key that is in JWT_PRIVATE_KEY itself: `users-service keys secret` \
         prints it";
    EMAIL_URL: String = text,
        "development: file:DATA_DIR/mail; with EMAIL_API_KEY set: SendGrid's v3 mail/send address",
        "how mails leave: smtp://, smtps://, https:// (JSON provider) or file:DIR";
    EMAIL_API_KEY: String = text, "none",
        "the provider's bearer key; for smtp and smtps the password when the URL names a user \
         without one";
    EMAIL_FROM: Mailbox = mailbox, "Users Service <no-reply@localhost>",
        "sender of every mail";
    AVATAR_STORE: String = text, "file:DATA_DIR/avatars",
        "where pictures are kept: file:PATH, or s3://BUCKET/PREFIX with the variables AWS_…";
    AWS_REGION: String = region, "none; must be set for a bucket of AWS",
        "region of the bucket in AVATAR_STORE";
    AWS_DEFAULT_REGION: String = region, "none",
        "the same, where AWS_REGION is not set";
    AWS_ENDPOINT_URL_S3: Url = base_url, "AWS's own",
        "address of another store that speaks S3; the bucket is the first part of the path there";
    AWS_ENDPOINT_URL: Url = base_url, "none",
        "the same, where AWS_ENDPOINT_URL_S3 is not set";
    AWS_ACCESS_KEY_ID: String = text, "none",
        "who asks for the bucket";
    AWS_SECRET_ACCESS_KEY: String = text, "none",
        "the secret that belongs to AWS_ACCESS_KEY_ID";
    AWS_SESSION_TOKEN: String = text, "none",
        "the token that belongs to keys of limited time";
    AWS_WEB_IDENTITY_TOKEN_FILE: String = text, "none",
        "instead of keys: a file with a token for AWS_ROLE_ARN; Kubernetes service accounts with a \
         role have both";
    AWS_ROLE_ARN: String = text, "none",
        "the role that is taken with AWS_WEB_IDENTITY_TOKEN_FILE";
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: String = text, "none",
        "instead of keys: where a container of ECS finds its own";
    AWS_CONTAINER_CREDENTIALS_FULL_URI: String = text, "none",
        "instead of keys: where a pod of EKS finds its own";
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: String = text, "none",
        "a file with a token for AWS_CONTAINER_CREDENTIALS_FULL_URI";
    PASSWORD_HASHER: PasswordHasher = |text| one_of(text, PASSWORD_HASHERS), "argon2id",
        "`argon2id` or `bcrypt`, for new hashes; both are always verified";
    REQUIRE_VERIFIED_EMAIL: bool = |text| one_of(text, TRUE_OR_FALSE), "true",
        "`false` lets an account log in before its address is verified";
    AVATAR_URL_HOSTS: String = host, "none",
        "foreign hosts whose pictures pages may show, separated by commas";
    POSTS_SERVICE_URL: Url = base_url, "none: no posts",
        "base address of the Posts Service, whose GET /feed fills the signed-in home; it is sent \
         the person's access token";
    RATE_LIMITS: bool = |text| one_of(text, ON_OR_OFF), "on",
        "`off` switches the service's own limits off; refused in production unless LISTEN_ADDR is \
         loopback";
    RATE_LIMIT_RULES: (Rule, Limit) = limit, DEFAULTS,
        "limits that are to differ, separated by commas: so many at once, then so many a second, \
         minute, hour or day (s, m, h, d)";
    TRUSTED_PROXIES: IpNet = network, "none",
        "CIDRs of the proxies whose X-Forwarded-For is believed, separated by commas; https or not \
         is said by PUBLIC_URL, not by X-Forwarded-Proto";
    CORS_ALLOWED_ORIGINS: String = origin, "none",
        "origins that browsers may call the JSON API from, separated by commas";
    LOG_FORMAT: LogFormat = |text| one_of(text, LOG_FORMATS), "text on a terminal, else json",
        "`text` or `json`";
    RUST_LOG: String = text, "info, and warn for some libraries",
        "which log lines are written, such as `warn` or `info,users_service::mail=debug`";
    OTEL_EXPORTER_OTLP_ENDPOINT: Url = base_url, "none: no spans",
        "base address of an OpenTelemetry collector; spans go to its /v1/traces as protobuf over \
         HTTP";
    OTEL_EXPORTER_OTLP_HEADERS: HashMap<String, String> = headers, "none",
        "headers for the collector, such as api-key=secret, separated by commas, values \
         percent-encoded";
    OTEL_SERVICE_NAME: String = text, "users-service",
        "what spans call the service";
    OTEL_TRACES_SAMPLER_ARG: f64 = share, "1",
        "share of the traces that is exported, 0 to 1; a trace that began elsewhere is exported \
         when its `traceparent` says so";
    DATA_DIR: PathBuf = |text| Ok(text.into()), "./var",
        "everything the development defaults write";
}
