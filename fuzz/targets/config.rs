//! The environment: bad values are refused by name, and secrets are never repeated.

use http::HeaderValue;
use std::collections::HashMap;
use users_service::{Config, config::VARIABLES, http::headers::content_security_policy};

/// Whose values no error repeats.
const UNTOLD: &[&str] = &[
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "DATABASE_URL",
    "EMAIL_API_KEY",
    "EMAIL_URL",
    "POSTS_SERVICE_URL",
    "SECRET_KEY",
];
/// Whose values are secret as a whole.
const SECRET: &[&str] = &[
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "DATABASE_URL",
    "EMAIL_API_KEY",
    "SECRET_KEY",
];
const PASSWORD: &str = "hunter2";

/// Takes the input for lines of `NAME=VALUE`.
pub fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let env: HashMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, value)| !reads_a_file(name, value))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // Hosts are folded to lower case, and parsers pass over line breaks or compose letters: only a
    // password that was there as it is counts.
    let tells_the_password_of = |names: &[&str], told: &str| {
        let (secrets, others): (Vec<_>, Vec<_>) = env
            .iter()
            .partition(|(name, _)| names.contains(&name.as_str()));
        let hold_it = |of: Vec<(&String, &String)>| {
            of.iter()
                .any(|(_, value)| value.to_lowercase().contains(PASSWORD))
        };
        told.contains(PASSWORD) && hold_it(secrets) && !hold_it(others)
    };
    match Config::from_map(&env) {
        Ok(config) => {
            assert!(
                !tells_the_password_of(SECRET, &format!("{config:?}")),
                "{config:?}"
            );
            let posts = config.posts_service_url.as_ref();
            assert!(posts.is_none_or(|url| !url.as_str().contains('@')));
            assert!(HeaderValue::try_from(content_security_policy(&config)).is_ok());
            assert!(!config.public_url.ends_with('/'));
            assert!(HeaderValue::try_from(&config.public_url).is_ok());
            let origins = config.cors_allowed_origins.iter();
            assert!(
                origins
                    .clone()
                    .all(|origin| HeaderValue::try_from(origin).is_ok())
            );
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            for problem in &problems.0 {
                let named = VARIABLES
                    .iter()
                    .any(|known| problem.starts_with(known.name));
                assert!(named, "{problem}");
            }
            assert!(
                !tells_the_password_of(UNTOLD, &problems.to_string()),
                "{problems}"
            );
        }
    }
}

/// What a fuzzer has no business with.
fn reads_a_file(name: &str, value: &str) -> bool {
    match name {
        "JWT_PRIVATE_KEY" | "JWT_RETIRED_PUBLIC_KEYS" => !value.contains("-----BEGIN"),
        "DATABASE_URL" => value.contains("ssl"),
        _ => false,
    }
}
