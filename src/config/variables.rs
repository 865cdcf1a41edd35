//! Every environment variable, for `--help` and the README: name, default, meaning.

/// One variable of the environment.
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its default, in words.
    pub default: &'static str,
    /// What it does, with its unit.
    pub meaning: &'static str,
}

const fn variable(name: &'static str, default: &'static str, meaning: &'static str) -> Variable {
    Variable {
        name,
        default,
        meaning,
    }
}

/// All of them, in the order people need them.
pub const VARIABLES: &[Variable] = &[
    variable(
        "APP_ENV",
        "development",
        "`development` or `production`; production refuses to start without DATABASE_URL, JWT_PRIVATE_KEY, EMAIL_URL, EMAIL_FROM and PUBLIC_URL",
    ),
    variable(
        "LISTEN_ADDR",
        "127.0.0.1:8080",
        "address and port to serve on; not looked at when a socket is passed (LISTEN_FDS of systemd)",
    ),
    variable(
        "PUBLIC_URL",
        "http://localhost:8080, with the port of LISTEN_ADDR",
        "base of every absolute link, and the issuer of access tokens",
    ),
    variable(
        "DATABASE_URL",
        "a private PostgreSQL under DATA_DIR",
        "PostgreSQL connection string; `sslmode` and `sslrootcert` are honoured; of several hosts, separated by commas, the one that takes writes is used",
    ),
    variable(
        "DATABASE_POOL_SIZE",
        "10",
        "most connections to PostgreSQL, 1 to 500, beside one that hears of changes; with DATABASE_READ_URL as many to each replica",
    ),
    variable(
        "DATABASE_READ_URL",
        "none: all reads come from DATABASE_URL",
        "connection string of streaming replicas, several hosts separated by commas, which serve look-ups and lists",
    ),
    variable(
        "DATABASE_READ_MAX_LAG",
        "2",
        "how many seconds a replica may be behind, 1 to 60; beyond it DATABASE_URL serves",
    ),
    variable(
        "AUTO_MIGRATE",
        "true in development, false in production",
        "migrate the schema at start",
    ),
    variable(
        "JWT_PRIVATE_KEY",
        "development: made once and kept under DATA_DIR",
        "RSA private key of 2048 bits or more as PEM text (a literal `\\n` is a line break) or the path of a PEM file",
    ),
    variable(
        "JWT_RETIRED_PUBLIC_KEYS",
        "none",
        "PEM public keys still accepted and published while keys rotate",
    ),
    variable(
        "SECRET_KEY",
        "the file beside the signing key's, or derived from that key",
        "what links in mails, sealed cookies and keyed hashes come of, 32 bytes in base64url; set it before rotating a key that is in JWT_PRIVATE_KEY itself: `users-service keys secret` prints it",
    ),
    variable(
        "EMAIL_URL",
        "development: file:DATA_DIR/mail; with EMAIL_API_KEY set: SendGrid's v3 mail/send address",
        "how mails leave: smtp://, smtps://, https:// (JSON provider) or file:DIR",
    ),
    variable(
        "EMAIL_API_KEY",
        "none",
        "the provider's bearer key; for smtp and smtps the password when the URL names a user without one",
    ),
    variable(
        "EMAIL_FROM",
        "Users Service <no-reply@localhost>",
        "sender of every mail",
    ),
    variable(
        "AVATAR_STORE",
        "file:DATA_DIR/avatars",
        "where pictures are kept: file:PATH, or s3://BUCKET/PREFIX with the variables AWS_…",
    ),
    variable(
        "AWS_REGION",
        "none; must be set for a bucket of AWS",
        "region of the bucket in AVATAR_STORE",
    ),
    variable(
        "AWS_DEFAULT_REGION",
        "none",
        "the same, where AWS_REGION is not set",
    ),
    variable(
        "AWS_ENDPOINT_URL_S3",
        "AWS's own",
        "address of another store that speaks S3; the bucket is the first part of the path there",
    ),
    variable(
        "AWS_ENDPOINT_URL",
        "none",
        "the same, where AWS_ENDPOINT_URL_S3 is not set",
    ),
    variable("AWS_ACCESS_KEY_ID", "none", "who asks for the bucket"),
    variable(
        "AWS_SECRET_ACCESS_KEY",
        "none",
        "the secret that belongs to AWS_ACCESS_KEY_ID",
    ),
    variable(
        "AWS_SESSION_TOKEN",
        "none",
        "the token that belongs to keys of limited time",
    ),
    variable(
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "none",
        "instead of keys: a file with a token for AWS_ROLE_ARN; Kubernetes service accounts with a role have both",
    ),
    variable(
        "AWS_ROLE_ARN",
        "none",
        "the role that is taken with AWS_WEB_IDENTITY_TOKEN_FILE",
    ),
    variable(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "none",
        "instead of keys: where a container of ECS finds its own",
    ),
    variable(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "none",
        "instead of keys: where a pod of EKS finds its own",
    ),
    variable(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "none",
        "a file with a token for AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ),
    variable(
        "PASSWORD_HASHER",
        "argon2id",
        "`argon2id` or `bcrypt`, for new hashes; both are always verified",
    ),
    variable(
        "REQUIRE_VERIFIED_EMAIL",
        "true",
        "`false` lets an account log in before its address is verified",
    ),
    variable(
        "AVATAR_URL_HOSTS",
        "none",
        "foreign hosts whose pictures pages may show, separated by commas",
    ),
    variable(
        "POSTS_SERVICE_URL",
        "none: no posts",
        "base address of the Posts Service, whose GET /feed fills the signed-in home; it is sent the person's access token",
    ),
    variable(
        "RATE_LIMITS",
        "on",
        "`off` switches the service's own limits off; refused in production unless LISTEN_ADDR is loopback",
    ),
    variable(
        "RATE_LIMIT_RULES",
        "log_in_address=500+1000/h, log_in_account=54+4/h, log_in_pair=50+4/h, log_in_known=18+2/h, password_account=300+600/h, password_address=2000+4000/h, confirm_session=20+10/h, confirm_account=50+40/h, register_address=300+300/h, unproven_mailbox=10+10/d, resend_account=12+12/h, resend_pair=6+6/h, resend_address=500+500/h, forgot_account=12+12/h, forgot_pair=6+6/h, forgot_address=500+500/h, reset_address=500+500/h, refresh_address=3000+3000/m, follow_account=1000+2000/h, change_email_account=10+10/h, change_email_to=5+5/h, change_username_account=10+10/d",
        "limits that are to differ, separated by commas: so many at once, then so many a second, minute, hour or day (s, m, h, d)",
    ),
    variable(
        "TRUSTED_PROXIES",
        "none",
        "CIDRs whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas",
    ),
    variable(
        "CORS_ALLOWED_ORIGINS",
        "none",
        "origins that browsers may call the JSON API from, separated by commas",
    ),
    variable(
        "LOG_FORMAT",
        "text on a terminal, else json",
        "`text` or `json`",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "none: no spans",
        "base address of an OpenTelemetry collector; spans go to its /v1/traces as protobuf over HTTP",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "none",
        "headers for the collector, such as api-key=secret, separated by commas, values percent-encoded",
    ),
    variable(
        "OTEL_SERVICE_NAME",
        "users-service",
        "what spans call the service",
    ),
    variable(
        "OTEL_TRACES_SAMPLER_ARG",
        "1",
        "share of the traces that is exported, 0 to 1; a trace that began elsewhere is exported when its `traceparent` says so",
    ),
    variable(
        "DATA_DIR",
        "./var",
        "everything the development defaults write",
    ),
];

/// The table as text for `--help`.
#[must_use]
pub fn help() -> String {
    use std::fmt::Write;
    let mut text = String::from("Environment variables:\n");
    for v in VARIABLES {
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "  {}\n          {} [default: {}]",
            v.name, v.meaning, v.default
        );
    }
    text
}
