//! Variables that take one of a few words.

/// Where the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Everything missing gets a working default under `DATA_DIR`.
    Development,
    /// Nothing that matters is guessed.
    Production,
}

/// How new password hashes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordHasher {
    /// Argon2id with OWASP's parameters.
    Argon2id,
    /// bcrypt, cost 12.
    Bcrypt,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Words, and what each stands for.
type Choices<T> = &'static [(&'static str, T)];

pub(super) const ENVIRONMENTS: Choices<Environment> = &[
    ("development", Environment::Development),
    ("production", Environment::Production),
];
pub(super) const LOG_FORMATS: Choices<LogFormat> =
    &[("text", LogFormat::Text), ("json", LogFormat::Json)];
pub(super) const PASSWORD_HASHERS: Choices<PasswordHasher> = &[
    ("argon2id", PasswordHasher::Argon2id),
    ("bcrypt", PasswordHasher::Bcrypt),
];
pub(super) const TRUE_OR_FALSE: Choices<bool> = &[("true", true), ("false", false)];
pub(super) const ON_OR_OFF: Choices<bool> = &[("on", true), ("off", false)];

/// What the word stands for.
pub(super) fn one_of<T: Copy>(text: &str, choices: Choices<T>) -> Result<T, String> {
    let chosen = choices.iter().find(|(word, _)| *word == text);
    chosen.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        format!("must be {}", words.join(" or "))
    })
}
