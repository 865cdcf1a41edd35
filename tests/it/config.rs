//! The configuration: everything checked at start, all problems at once, nothing secret told.

use crate::support::KEY;
use std::collections::HashMap;
use users_service::{
    Config,
    config::VARIABLES,
    domain::limit::{Limits, Rule},
};

fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
    let map: HashMap<_, _> = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Config::from_map(&map).map_err(|error| error.to_string())
}

#[track_caller]
fn problem(settings: &[(&str, &str)]) -> String {
    read(settings).expect_err("a problem")
}

#[test]
fn without_anything_set_there_is_a_development_set_up() {
    let config = read(&[]).unwrap();
    assert!(config.is_development() && config.auto_migrate && config.database_url.is_none());
    assert_eq!(config.listen_addr.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url, "http://localhost:8080");
    assert_eq!(config.data_dir.to_str(), Some("./var"));
    assert!(format!("{:?}", config.avatar_store).contains("./var/avatars"));
    assert!(format!("{:?}", config.email_url).contains("./var/mail"));
    assert!(config.require_verified_email && config.rate_limits);
    let config = read(&[
        ("LISTEN_ADDR", "0.0.0.0:9000"),
        ("DATA_DIR", ""),
        ("APP_ENV", " "),
    ])
    .unwrap();
    assert_eq!(config.public_url, "http://localhost:9000");
}

#[test]
fn all_problems_are_reported_at_once_each_naming_its_variable() {
    let bad = [
        ("APP_ENV", "staging"),
        ("LISTEN_ADDR", "localhost"),
        ("PUBLIC_URL", "https://example.org/path"),
        ("DATABASE_URL", "mysql://db"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_READ_URL", "mysql://replica"),
        ("DATABASE_READ_MAX_LAG", "0"),
        ("AUTO_MIGRATE", "maybe"),
        ("JWT_PRIVATE_KEY", "/nowhere/key.pem"),
        ("JWT_RETIRED_PUBLIC_KEYS", "/nowhere/keys.pem"),
        ("EMAIL_URL", "ftp://mail.example"),
        ("EMAIL_FROM", "nobody"),
        ("AVATAR_STORE", "ftp://pictures"),
        ("PASSWORD_HASHER", "md5"),
        ("REQUIRE_VERIFIED_EMAIL", "perhaps"),
        ("AVATAR_URL_HOSTS", "https://pics.example/;script-src *"),
        ("POSTS_SERVICE_URL", "posts.example/feed"),
        ("RATE_LIMITS", "some"),
        ("RATE_LIMIT_RULES", "log_in_pair=many"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("LOG_FORMAT", "xml"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api key=1"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    let told = problem(&bad);
    for (name, _) in bad {
        let lines = told.lines().filter(|line| {
            line.trim_start_matches([' ', '-'])
                .starts_with(&format!("{name} "))
        });
        assert_eq!(lines.count(), 1, "{name}: {told}");
    }
}

#[test]
fn replicas_are_of_a_database() {
    let told = problem(&[("DATABASE_READ_URL", "postgres://replica/users")]);
    assert!(
        told.contains("DATABASE_READ_URL needs DATABASE_URL"),
        "{told}"
    );
}

#[test]
fn production_names_everything_that_is_missing_in_one_error() {
    let told = problem(&[("APP_ENV", "production")]);
    for name in [
        "DATABASE_URL",
        "JWT_PRIVATE_KEY",
        "EMAIL_URL",
        "EMAIL_FROM",
        "PUBLIC_URL",
    ] {
        assert!(told.contains(name), "{name}: {told}");
    }
    let line = told
        .lines()
        .find(|line| line.contains("DATABASE_URL"))
        .unwrap();
    assert!(
        line.contains("PUBLIC_URL") && line.contains("EMAIL_FROM"),
        "one clear error: {told}"
    );
    // The provider's key gives EMAIL_URL its default.
    let told = problem(&[
        ("APP_ENV", "production"),
        ("EMAIL_API_KEY", "k"),
        ("PUBLIC_URL", "https://x.example"),
    ]);
    assert!(
        told.contains("EMAIL_FROM") && !told.contains("EMAIL_URL") && !told.contains("PUBLIC_URL"),
        "{told}"
    );
}

fn production(own: &[(&'static str, &'static str)]) -> Result<Config, String> {
    let mut settings = vec![
        ("APP_ENV", "production"),
        ("DATABASE_URL", "postgres://u:p@db.example/users"),
        ("JWT_PRIVATE_KEY", KEY.as_str()),
        ("EMAIL_URL", "smtp://mail.example"),
        ("EMAIL_FROM", "Users <no-reply@example.org>"),
        ("PUBLIC_URL", "https://social.example.org"),
    ];
    settings.extend(own);
    read(&settings)
}

#[test]
fn production_takes_explicit_local_values() {
    let config = production(&[]).unwrap();
    assert!(!config.auto_migrate && config.secure_cookies());
    let local = [
        ("PUBLIC_URL", "http://localhost"),
        ("EMAIL_URL", "smtp://127.0.0.1:2525?tls=none"),
        ("AUTO_MIGRATE", "true"),
        ("AVATAR_STORE", "file:/tmp/x"),
    ];
    let config = production(&local).unwrap();
    assert!(config.auto_migrate && config.secure_cookies());
    production(&[("EMAIL_URL", "file:/tmp/mail")]).unwrap();
}

#[test]
fn limits_are_switched_off_in_production_on_loopback_only() {
    production(&[("RATE_LIMITS", "off")]).unwrap();
    production(&[("RATE_LIMITS", "off"), ("LISTEN_ADDR", "[::1]:80")]).unwrap();
    let told = production(&[("RATE_LIMITS", "off"), ("LISTEN_ADDR", "0.0.0.0:8080")]).unwrap_err();
    assert!(told.contains("RATE_LIMITS"), "{told}");
    read(&[("RATE_LIMITS", "off"), ("LISTEN_ADDR", "0.0.0.0:8080")]).unwrap();
}

#[test]
fn a_provider_key_alone_means_sendgrid() {
    let config = read(&[("EMAIL_API_KEY", "SG.secret")]).unwrap();
    let users_service::mail::EmailUrl::Http { url, key } = config.email_url else {
        panic!("an HTTP provider")
    };
    assert_eq!(url.0.as_str(), "https://api.sendgrid.com/v3/mail/send");
    assert_eq!(key.unwrap().0, "SG.secret");
}

#[test]
fn secrets_are_told_nowhere() {
    let database = "postgres://ana:hunter22@db.example/users";
    let settings = [
        ("DATABASE_URL", database),
        ("JWT_PRIVATE_KEY", KEY.as_str()),
        ("EMAIL_URL", "smtp://ana:hunter33@mail.example"),
        ("EMAIL_API_KEY", "hunter44"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter55"),
    ];
    let debug = format!("{:?}", read(&settings).unwrap());
    let key = KEY.lines().nth(5).unwrap();
    for secret in ["hunter", key] {
        assert!(!debug.contains(secret), "{debug}");
    }
    let broken_key = KEY.replace("BEGIN PRIVATE KEY", "BEGIN PRIVATE  KEY");
    let bad = [
        (
            "DATABASE_URL",
            "postgres://ana:hunter22@db.example:port/users",
        ),
        ("JWT_PRIVATE_KEY", broken_key.as_str()),
        ("EMAIL_URL", "smtp://ana:hunter33@mail.example/path"),
        ("EMAIL_API_KEY", "hunter44"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:hunter55@x"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter55"),
    ];
    let told = problem(&bad);
    for secret in ["hunter", key] {
        assert!(!told.contains(secret), "{told}");
    }
}

/// RSA with 1,024 bits, made for this test and used nowhere.
const WEAK: &str = include_str!("weak_rsa_1024.pem");

#[test]
fn signing_keys_come_in_every_usual_form() {
    let key =
        |value: &str| read(&[("JWT_PRIVATE_KEY", value)]).map(|c| c.jwt_private_key.unwrap().0);
    assert_eq!(key(&KEY).unwrap().trim(), KEY.trim());
    let one_line = KEY.replace('\n', "\\n");
    assert_eq!(key(&one_line).unwrap().trim(), KEY.trim());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), KEY.as_str()).unwrap();
    assert_eq!(
        key(file.path().to_str().unwrap()).unwrap().trim(),
        KEY.trim()
    );
    key(&pkcs1(&KEY)).unwrap();
    let told = key(WEAK).unwrap_err();
    assert!(
        told.contains("JWT_PRIVATE_KEY") && told.contains("2048"),
        "{told}"
    );
    for bad in [
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN",
        "/dev/null",
    ] {
        assert!(key(bad).unwrap_err().contains("JWT_PRIVATE_KEY"), "{bad}");
    }
}

/// The PKCS#1 key inside a PKCS#8 one: the last member, after 26 bytes that say RSA.
fn pkcs1(pem: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = BASE64_STANDARD.decode(body).unwrap();
    let body = BASE64_STANDARD.encode(&der[26..]);
    let lines: Vec<_> = body
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

#[test]
fn limits_are_changed_one_by_one_and_their_defaults_are_told() {
    let rules = "log_in_pair=7+1/m, follow_account = 5+1/s";
    let config = read(&[("RATE_LIMIT_RULES", rules)]).unwrap();
    assert_eq!(config.limits.of(Rule::LogInPair).burst, 7);
    assert_eq!(config.limits.of(Rule::FollowAccount).burst, 5);
    assert_eq!(config.limits.of(Rule::LogInAccount).burst, 54);

    let told = VARIABLES.iter().find(|one| one.name == "RATE_LIMIT_RULES");
    let config = read(&[("RATE_LIMIT_RULES", told.unwrap().default)]).unwrap();
    assert_eq!(config.limits, Limits::default());
}

#[test]
fn a_bucket_needs_a_place_a_region_and_credentials() {
    let store = ("AVATAR_STORE", "s3://pictures/users/avatars");
    let region = ("AWS_REGION", "eu-central-1");
    let key = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    let secret = ("AWS_SECRET_ACCESS_KEY", "hunter22");
    let endpoint = ("AWS_ENDPOINT_URL", "http://minio:9000");
    let role = ("AWS_ROLE_ARN", "arn:aws:iam::1:role/users");
    let token = ("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token");
    let container = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials");
    for good in [
        vec![store, region, key, secret],
        vec![("AVATAR_STORE", "s3://pictures"), region, key, secret],
        vec![("AVATAR_STORE", "s3://pictures/a/"), region, key, secret],
        vec![store, ("AWS_DEFAULT_REGION", "eu-central-1"), key, secret],
        vec![
            store,
            region,
            key,
            secret,
            ("AWS_SESSION_TOKEN", "hunter33"),
        ],
        vec![store, endpoint, key, secret],
        vec![
            store,
            ("AWS_ENDPOINT_URL_S3", "https://s3.example"),
            key,
            secret,
        ],
        vec![store, region, role, token],
        vec![store, region, container],
    ] {
        let debug = format!("{:?}", read(&good).unwrap());
        assert!(!debug.contains("hunter"), "{debug}");
    }
    for (bad, named) in [
        (vec![store, key, secret], "AWS_REGION"),
        (vec![store, region], "AVATAR_STORE"),
        (vec![store, region, key], "AWS_SECRET_ACCESS_KEY"),
        (vec![store, region, secret], "AWS_ACCESS_KEY_ID"),
        (vec![store, region, role], "AWS_WEB_IDENTITY_TOKEN_FILE"),
        (
            vec![store, ("AWS_REGION", "evil.example/"), key, secret],
            "AWS_REGION",
        ),
        (
            vec![store, ("AWS_ENDPOINT_URL", "minio:9000"), key, secret],
            "AWS_ENDPOINT_URL",
        ),
        (
            vec![
                store,
                ("AWS_ENDPOINT_URL_S3", "http://ana:hunter44@minio"),
                key,
                secret,
            ],
            "AWS_ENDPOINT_URL_S3",
        ),
    ] {
        let told = problem(&bad);
        assert_eq!(told.matches(" - ").count(), 1, "{told}");
        assert!(told.contains(&format!("- {named} ")), "{named}: {told}");
        assert!(!told.contains("hunter"), "{told}");
    }
    for bad in [
        "s3:",
        "s3://",
        "s3:pictures",
        "s3:///a",
        "s3://a/../b",
        "s3://a//b",
        "s3://a/b?c",
    ] {
        let told = problem(&[("AVATAR_STORE", bad), region, key, secret]);
        assert!(told.contains("- AVATAR_STORE "), "{bad}: {told}");
    }
    // Without a bucket nobody looks at them.
    read(&[key, ("AWS_ENDPOINT_URL", "nonsense")]).unwrap();
}

#[test]
fn trusted_proxies_of_ipv4_may_be_written_as_ipv6() {
    for (text, range) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("2001:db8::/32", "2001:db8::/32"),
    ] {
        let settings = [("TRUSTED_PROXIES".to_owned(), text.to_owned())];
        let config = Config::from_map(&settings.into()).unwrap();
        assert_eq!(config.trusted_proxies, [range.parse().unwrap()], "{text}");
    }
}
