//! The environment: bad values are refused by name, and secrets are never repeated.

use http::HeaderValue;
use std::collections::HashMap;
use users_service::{Config, config::VARIABLES, http::headers::content_security_policy};

/// Whose values may hold passwords.
const SECRET: &[&str] = &[
    "DATABASE_URL",
    "EMAIL_API_KEY",
    "EMAIL_URL",
    "POSTS_SERVICE_URL",
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
    let tells_the_password = |told: &str| {
        let secret = |(name, _): &(&String, &String)| SECRET.contains(&name.as_str());
        let others = env.iter().filter(|entry| !secret(entry));
        told.contains(PASSWORD) && !others.into_iter().any(|(_, v)| v.contains(PASSWORD))
    };
    match Config::from_map(&env) {
        Ok(config) => {
            assert!(!tells_the_password(&format!("{config:?}")), "{config:?}");
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
            assert!(!tells_the_password(&problems.to_string()), "{problems}");
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
