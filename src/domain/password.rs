//! Passwords as people type them.

use super::email;
use crate::error::Broken;
use sha2::{Digest, Sha256};
use std::{collections::HashSet, fmt};
use unicode_normalization::UnicodeNormalization;

/// Fewest characters (Unicode code points) of a password.
pub const MIN_CHARS: usize = 8;
/// Most characters of a password.
pub const MAX_CHARS: usize = 256;
/// From how many characters on a password is called good: what NIST SP 800-63B-4 section 3.1.1.1
/// asks for where a password is all there is.
const LONG_CHARS: usize = 15;
/// Fewer different characters than this are called easy to guess.
const FEW_CHARS: usize = 5;

/// The commonest and breached passwords of [`MIN_CHARS`] and more, in lower case: the first 40 bits
/// of the SHA-256 of each, in order (`build.rs`). The list is `common_passwords.txt.gz`.
static COMMON: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/common_passwords"));

/// A password for a new hash, checked against the rules of NIST SP 800-63B-4 section 3.1.1.2:
/// length counts, composition does not, and the commonest and the obvious are refused.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Checks a new password. `email` and `username` are what the same form holds, checked or not.
    pub fn parse(typed: &str, email: &str, username: &str) -> Result<Self, Broken> {
        let normal = normalise(typed);
        let chars = normal.chars().count();
        if normal.is_empty() {
            return Err(Broken::new("required", "Enter a password"));
        }
        if chars < MIN_CHARS {
            return Err(Broken::new(
                "too_short",
                format!("Password must be {MIN_CHARS} characters or more"),
            ));
        }
        if chars > MAX_CHARS {
            return Err(Broken::new(
                "too_long",
                format!("Password must be {MAX_CHARS} characters or fewer"),
            ));
        }
        let lower = normal.to_lowercase();
        let same_as = |other: &str| {
            let other = normalise(other.trim()).to_lowercase();
            !other.is_empty() && lower.trim() == other
        };
        if same_as(email) || same_as(&email::spelled(email)) || same_as(username) {
            return Err(Broken::new(
                "too_obvious",
                "Password must not be your email address or username",
            ));
        }
        if is_common(&lower) {
            return Err(Broken::new(
                "too_common",
                "This password is too common. Choose one that is harder to guess",
            ));
        }
        Ok(Self(normal))
    }

    /// The normalised password, for hashing only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whether a password in lower case is among the common ones. What is not is taken for one once in
/// 5 million.
fn is_common(lower: &str) -> bool {
    let hash = Sha256::digest(lower);
    let (common, _) = COMMON.as_chunks::<5>();
    hash.first_chunk()
        .is_some_and(|beginning| common.binary_search(beginning).is_ok())
}

/// What to say about a password while it is typed: help, not a verdict. Empty for nothing typed.
#[must_use]
pub fn advice(typed: &str, email: &str, username: &str) -> &'static str {
    if typed.is_empty() {
        return "";
    }
    let password = match Password::parse(typed, email, username) {
        Ok(password) => password.0,
        Err(Broken { code, .. }) => {
            return match code {
                "too_short" => "Too short: 8 characters or more are needed.",
                "too_long" => "Too long: 256 characters are the most.",
                "too_obvious" => "Easy to guess: it is your email address or username.",
                _ => "This is a common password. Choose another one.",
            };
        }
    };
    let different: HashSet<char> = password.chars().collect();
    if different.len() < FEW_CHARS {
        "Easy to guess: the same few characters again and again."
    } else if password.chars().count() < LONG_CHARS {
        "Long enough. A longer one is harder to guess: add a word or two."
    } else {
        "Good: long passwords are hard to guess."
    }
}

/// NFC, so that the same password typed on another keyboard has the same bytes.
#[must_use]
pub fn normalise(typed: &str) -> String {
    typed.nfc().collect()
}

/// Passwords are never printed.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(typed: &str) -> Option<&'static str> {
        Password::parse(typed, "ana.b@example.org", "ana_banana")
            .map_err(|b| b.code)
            .err()
    }

    #[test]
    fn length_is_counted_in_characters_not_bytes() {
        assert_eq!(code(""), Some("required"));
        assert_eq!(code("🦀🦀🦀🦀🦀🦀🦀"), Some("too_short"));
        assert_eq!(code("🦀🦀🦀🦀🦀🦀🦀🦀"), None);
        assert_eq!(code(&"å".repeat(256)), None);
        assert_eq!(code(&"å".repeat(257)), Some("too_long"));
    }

    #[test]
    fn the_obvious_and_the_commonest_are_refused() {
        assert_eq!(code("Ana.B@example.org"), Some("too_obvious"));
        assert_eq!(code("ANA_banana"), Some("too_obvious"));
        assert_eq!(code(" ana.b@example.org "), Some("too_obvious"));
        assert!(Password::parse("        ", "", "").is_ok());
        assert_eq!(code("Password1"), Some("too_common"));
        assert_eq!(code("correct horse battery"), None);
    }

    #[test]
    fn advice_says_what_to_do_next() {
        let of = |typed: &str| advice(typed, "ana.b@example.org", "ana_banana");
        for (typed, start) in [
            ("seven77", "Too short"),
            (&"a".repeat(257), "Too long"),
            ("ana_banana", "Easy to guess: it is"),
            ("password1", "This is a common password"),
            ("abababababababab", "Easy to guess: the same"),
            ("fourteen chars", "Long enough"),
            ("correct horse battery", "Good"),
        ] {
            assert!(of(typed).starts_with(start), "{typed}: {}", of(typed));
        }
        assert_eq!(of(""), "");
    }

    #[test]
    fn composed_and_decomposed_letters_are_the_same_password() {
        assert_eq!(normalise("cafe\u{301}"), normalise("caf\u{e9}"));
    }

    #[test]
    fn the_list_holds_the_common_in_any_case() {
        assert!(COMMON.len() > 190_000 * 5);
        for word in ["password", "password123", "iloveyou", "qwertyuiop"] {
            assert!(is_common(word), "{word}");
        }
        assert_eq!(code("QwertyUiop"), Some("too_common"));
    }

    #[test]
    fn what_is_not_on_the_list_is_not_taken_for_it() {
        let mistaken = (0..200_000).filter(|n| is_common(&format!("Nobody's words, {n}")));
        assert_eq!(mistaken.count(), 0);
    }
}
