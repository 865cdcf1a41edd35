//! What people say about themselves: display name, bio, picture.

use super::{
    characters::{is_disturbing, is_line_break, most_marks, shows_something},
    unseen::without_unseen,
};
use crate::error::Broken;

/// Most characters (Unicode code points) of a display name.
pub const MAX_DISPLAY_NAME: usize = 100;
/// Most characters of a bio; a line break counts as one.
pub const MAX_BIO: usize = 300;
/// Most marks on one letter of either. Tibetan stacks have 8; more make letters that cover others.
pub const MAX_MARKS: usize = 10;
/// Most characters of a picture's address.
pub const MAX_AVATAR_URL: usize = 2_048;

/// A change to a profile: `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ProfileChange {
    /// The display name.
    pub display_name: Option<Option<String>>,
    /// The bio.
    pub bio: Option<Option<String>>,
    /// The picture's address.
    pub avatar_url: Option<Option<String>>,
}

/// Checks a display name: trimmed, one line, no control characters, nothing that nobody sees;
/// empty is none.
pub fn display_name(typed: &str) -> Result<Option<String>, Broken> {
    let line = typed.trim();
    if line.chars().any(|c| c == '\t' || is_line_break(c)) {
        return Err(invalid("Display name must be one line, without tabs"));
    }
    if line.chars().any(is_disturbing) {
        return Err(cannot_be_shown("Display name"));
    }
    bounded(&without_unseen(line), "Display name", MAX_DISPLAY_NAME)
}

/// Checks a bio: trimmed, line breaks allowed and stored as LF, tabs as spaces; empty is none.
pub fn bio(typed: &str) -> Result<Option<String>, Broken> {
    let text = typed.replace("\r\n", "\n").replace(is_line_break, "\n");
    let text = text.replace('\t', " ");
    let text = text.trim();
    if text.chars().any(|c| c != '\n' && is_disturbing(c)) {
        return Err(cannot_be_shown("Bio"));
    }
    bounded(text, "Bio", MAX_BIO)
}

fn bounded(text: &str, label: &str, max: usize) -> Result<Option<String>, Broken> {
    if !shows_something(text) {
        return Ok(None);
    }
    if most_marks(text) > MAX_MARKS {
        return Err(invalid(format!(
            "{label} can have {MAX_MARKS} accents or marks on one letter at most. Remove some"
        )));
    }
    if text.chars().count() > max {
        return Err(Broken::new(
            "too_long",
            format!("{label} must be {max} characters or fewer"),
        ));
    }
    Ok(Some(text.to_owned()))
}

fn cannot_be_shown(label: &str) -> Broken {
    invalid(format!(
        "{label} has a character that can't be shown. Remove it"
    ))
}

fn invalid(message: impl Into<String>) -> Broken {
    Broken::new("invalid_characters", message)
}

/// Checks an address of a picture elsewhere: absolute, `https://`, no credentials, a public name.
/// Gives it as the parser writes it, in ASCII: whatever other services do with it, they read the
/// address that was checked. Addresses of our own are checked by the service, which knows whom they
/// were issued to.
pub fn foreign_avatar_url(typed: &str) -> Result<String, Broken> {
    const SCHEME: &str = "https://";
    let broken = |code, message: &str| Err(Broken::new(code, message));
    // As typed, since the parser mends what browsers would mend: `https:///a`, `https://@a`, `a\@b`.
    let (scheme, rest) = typed.split_at_checked(SCHEME.len()).unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match reqwest::Url::parse(typed) {
        Ok(url)
            if scheme.eq_ignore_ascii_case(SCHEME)
                && !authority.is_empty()
                && !authority.contains(['@', '\\'])
                && url.username().is_empty()
                && url.password().is_none()
                && !typed.chars().any(|c| c.is_whitespace() || is_disturbing(c)) =>
        {
            if !url.domain().is_some_and(is_public_name) {
                return broken(
                    "not_public",
                    "Send an https:// address with a public name such as example.org in it, or null",
                );
            }
            if url.as_str().len() > MAX_AVATAR_URL {
                return broken(
                    "too_long",
                    "The address of the picture must be 2048 characters or fewer",
                );
            }
            Ok(url.into())
        }
        _ => broken(
            "invalid_format",
            "Send an https:// address without a name or password in it, or null",
        ),
    }
}

/// Whether a host's name, in lower case, can be one of the internet: with a dot, and not of those that
/// each network gives its own meaning (RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`).
fn is_public_name(host: &str) -> bool {
    const LOCAL: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_local = |name: &&str| host.ends_with(&format!(".{name}"));
    let has_labels = host.contains('.') && host.split('.').all(|label| !label.is_empty());
    has_labels && host != "home.arpa" && !LOCAL.iter().any(is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(display_name(&"é".repeat(100)), Ok(Some("é".repeat(100))));
        assert!(display_name(&"é".repeat(101)).is_err());
        assert!(bio(&"🦀".repeat(300)).is_ok());
        assert!(bio(&"🦀".repeat(301)).is_err());
    }

    #[test]
    fn a_line_break_counts_once_and_is_stored_as_lf() {
        let typed = format!("{}\r\nb", "a".repeat(298));
        assert_eq!(bio(&typed), Ok(Some(format!("{}\nb", "a".repeat(298)))));
    }

    #[test]
    fn blank_is_none() {
        assert_eq!(display_name(" \t "), Ok(None));
        for unseen in [
            "\u{feff}\u{200b}",
            "\u{a0}\u{3000}\u{2800}",
            "\u{3164}\u{115f}\u{ffa0}",
            "\u{301}\u{20dd}",
            "\u{e0067}\u{e007f}",
            "\u{200d}\u{fe0f}\u{2064}",
        ] {
            assert_eq!(display_name(unseen), Ok(None), "{unseen:?}");
            assert_eq!(bio(unseen), Ok(None), "{unseen:?}");
        }
        assert_eq!(bio("\r\n"), Ok(None));
    }

    #[test]
    fn control_characters_and_bidi_overrides_are_refused() {
        for bad in [
            "a\0b",
            "a\nb",
            "a\u{7}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{85}b",
            "a\tb",
            "a\u{2028}b",
        ] {
            assert!(display_name(bad).is_err(), "{bad:?}");
        }
        assert!(bio("a\u{202e}b").is_err() && bio("a\u{7}b").is_err());
    }

    #[test]
    fn a_bio_is_kept_with_plain_line_breaks_and_spaces() {
        let kept = |typed| bio(typed).ok().flatten();
        assert_eq!(kept("a\tb").as_deref(), Some("a b"));
        assert_eq!(kept("a\rb\u{2028}c\r\nd").as_deref(), Some("a\nb\nc\nd"));
        // Khmer parts its words by it.
        assert_eq!(kept("ខ្ញុំ\u{200b}ស្រលាញ់").as_deref(), Some("ខ្ញុំ\u{200b}ស្រលាញ់"));
    }

    #[test]
    fn marks_on_one_letter_are_bounded_and_letters_in_use_are_within() {
        let marked = |marks| format!("Ana{}", "\u{335}".repeat(marks));
        assert_eq!(display_name(&marked(10)), Ok(Some(marked(10))));
        for check in [display_name, bio] {
            let broken = check(&marked(11)).err();
            assert_eq!(broken.map(|b| b.code), Some("invalid_characters"));
        }
        let stack = "ཧྐྵྨླྺྼྻྂ";
        assert_eq!(display_name(stack), Ok(Some(stack.to_owned())));
    }

    #[test]
    fn picture_addresses_are_https_without_credentials() {
        for good in [
            "https://pictures.example/a.png?s=1",
            "HTTPS://pictures.example/a.png?s=1",
            "https://Pictures.Example:443/./a.png?s=1",
        ] {
            let stored = foreign_avatar_url(good);
            assert_eq!(stored.as_deref(), Ok("https://pictures.example/a.png?s=1"));
        }
        for bad in [
            "",
            "http://pictures.example/a.png",
            "//pictures.example/a.png",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "https:pictures.example",
            "https://",
            "https://ana@pictures.example/",
            "https://a:b@pictures.example/",
            "https://@pictures.example/",
            "https:///pictures.example/",
            "https://pictures.example\\@evil.example/",
            "https://pictures.example/a b",
            " https://pictures.example/",
            "https://pictures.example/\0",
        ] {
            assert!(foreign_avatar_url(bad).is_err(), "{bad:?}");
        }
    }
    #[test]
    fn picture_addresses_are_stored_as_the_parser_writes_them() {
        for (typed, stored) in [
            (
                "https://pictures.example/\"onerror=alert(1)",
                "https://pictures.example/%22onerror=alert(1)",
            ),
            (
                "https://bücher.example/ä",
                "https://xn--bcher-kva.example/%C3%A4",
            ),
            ("https://pictures.example", "https://pictures.example/"),
        ] {
            assert_eq!(foreign_avatar_url(typed).as_deref(), Ok(stored));
        }
        let long = |count| format!("https://pictures.example/{}", "é".repeat(count));
        assert!(foreign_avatar_url(&long(337)).is_ok());
        assert!(foreign_avatar_url(&long(338)).is_err());
    }

    #[test]
    fn picture_addresses_have_a_public_name() {
        for bad in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[fd00::1]/",
            "https://localhost/",
            "https://LOCALHOST:8443/",
            "https://a.localhost/",
            "https://intranet/",
            "https://intranet./",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://router.home.arpa./",
        ] {
            let broken = foreign_avatar_url(bad).map_err(|broken| broken.code);
            assert_eq!(broken, Err("not_public"), "{bad}");
        }
    }
}
