//! Handles: the name in `/@name`.

use super::characters::is_ignorable;
use crate::error::Broken;

/// Fewest characters of a username.
pub const MIN_CHARS: usize = 3;
/// Most characters of a username.
pub const MAX_CHARS: usize = 30;

/// Names nobody can have: they would pass for the service, or shadow a path of ours.
/// A test holds this list against the first segment of every route.
pub const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "assets",
    "auth",
    "avatars",
    "blog",
    "contact",
    "dev",
    "docs",
    "favicon.ico",
    "forgot-password",
    "health",
    "help",
    "home",
    "jwks",
    "legal",
    "livez",
    "login",
    "logout",
    "mail",
    "me",
    "messages",
    "metrics",
    "moderator",
    "null",
    "openapi.json",
    "postmaster",
    "posts",
    "privacy",
    "profile",
    "register",
    "reset-password",
    "robots.txt",
    "root",
    "security",
    "settings",
    "static",
    "status",
    "support",
    "system",
    "terms",
    "timeline",
    "undefined",
    "user",
    "users",
    "v1",
    "verify",
    "webmaster",
    "well-known",
    "www",
];

/// 3 to 30 of `a-z A-Z 0-9 _ .`, starting and ending with a letter or digit, not reserved.
/// Upper and lower case are kept as typed; uniqueness ignores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Checks a name as typed.
    pub fn parse(name: &str) -> Result<Self, Broken> {
        if name.is_empty() {
            return Err(Broken::new("required", "Enter a username"));
        }
        if name.chars().any(is_ignorable) {
            return Err(Broken::new(
                "invalid_format",
                "Username has a character in it that can't be seen. Type it instead of pasting it",
            ));
        }
        let chars = name.chars().count();
        if chars < MIN_CHARS {
            return Err(Broken::new(
                "too_short",
                format!("Username must be {MIN_CHARS} characters or more"),
            ));
        }
        if chars > MAX_CHARS {
            return Err(Broken::new(
                "too_long",
                format!("Username must be {MAX_CHARS} characters or fewer"),
            ));
        }
        if !has_valid_characters(name) {
            return Err(Broken::new(
                "invalid_format",
                "Username can only have letters a to z, digits, dots and underscores, \
                 and must start and end with a letter or digit",
            ));
        }
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Broken::new(
                "reserved",
                "This username is reserved. Choose another one",
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text could be a username at all; asks nothing of its length or of reserved names,
/// so that accounts older than a rule are still found.
#[must_use]
pub fn has_valid_characters(name: &str) -> bool {
    let ends_well = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    ends_well(name.as_bytes().first())
        && ends_well(name.as_bytes().last())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_3_to_30_of_the_allowed_characters() {
        for good in ["ana", "Ana_B.9", "9to5", &"a".repeat(30)] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn names_the_first_rule_that_is_broken() {
        let code = |typed: &str| Username::parse(typed).map_err(|b| b.code).err();
        assert_eq!(code(""), Some("required"));
        assert_eq!(code("ab"), Some("too_short"));
        assert_eq!(code(&"a".repeat(31)), Some("too_long"));
        for bad in [
            "_ana",
            "ana_",
            ".ana",
            "ana.",
            "a na",
            " ana",
            "ana ",
            "a/b/c",
            "../ana",
            "änä",
            "ana\0b",
            "ａｎａ",
            "a\u{202e}na",
        ] {
            assert_eq!(code(bad), Some("invalid_format"), "{bad:?}");
        }
        for unseen in ["ana\u{200b}", "\u{feff}ana", "a\u{ad}na", "ab\u{2060}"] {
            let broken = Username::parse(unseen).err();
            assert!(
                broken.is_some_and(|b| b.message.contains("can't be seen")),
                "{unseen:?}"
            );
        }
        for reserved in ["admin", "ADMIN", "Support", "users", "openapi.json"] {
            assert_eq!(code(reserved), Some("reserved"), "{reserved}");
        }
    }
}
