//! E-mail addresses.

use crate::error::Broken;

/// Longest address, in characters: RFC 5321 section 4.5.3.1.3 less the angle brackets.
pub const MAX_CHARS: usize = 254;

const INVALID: &str = "Enter a valid email address";

/// A trimmed, syntactically valid address: a dot-atom of RFC 5321, `@`, and a domain of at
/// least two labels. ASCII only: a domain in other letters is written in its `xn--` form.
/// Upper and lower case are kept as typed; uniqueness ignores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks an address as typed.
    pub fn parse(typed: &str) -> Result<Self, Broken> {
        let address = typed.trim();
        if address.is_empty() {
            return Err(Broken::new("required", INVALID));
        }
        if address.chars().count() > MAX_CHARS {
            return Err(Broken::new(
                "too_long",
                format!("Email must be {MAX_CHARS} characters or fewer"),
            ));
        }
        let valid = address
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if valid {
            Ok(Self(address.to_owned()))
        } else {
            Err(Broken::new("invalid_format", INVALID))
        }
    }

    /// The address as it was typed, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address as it is typed, as the limits know it: whatever the database takes for the same
/// account is the same here. `İ` is the one letter that both may read as `i`.
#[must_use]
pub fn folded(typed: &str) -> String {
    let lower = typed.trim().chars().flat_map(char::to_lowercase);
    lower.filter(|c| *c != '\u{307}').collect()
}

/// The mailbox of an address: without the `+tag` that most mail servers leave to its owner, and
/// whatever its case. Whoever has the mailbox gets the mail to all of its addresses.
#[must_use]
pub fn mailbox(typed: &str) -> String {
    let folded = folded(typed);
    match folded.rsplit_once('@') {
        Some((local, domain)) => {
            let name = local.split_once('+').map_or(local, |(name, _)| name);
            format!("{name}@{domain}")
        }
        None => folded,
    }
}

/// RFC 5321 dot-string of at most 64 characters (section 4.5.3.1.1).
fn is_local_part(local: &str) -> bool {
    local.len() <= 64
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// RFC 5322 section 3.2.3.
fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

/// Host name labels of RFC 1123, at least two, the last not all digits (an address literal is no domain).
fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && labels
            .last()
            .is_some_and(|top| !top.bytes().all(|b| b.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_an_address_without_its_tag_and_case() {
        for (typed, is) in [
            ("ana@example.org", "ana@example.org"),
            (" Ana+Shop+2@Example.org ", "ana@example.org"),
            ("a.n.a+@example.org", "a.n.a@example.org"),
            ("+tag@example.org", "@example.org"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(mailbox(typed), is);
        }
    }

    #[test]
    fn takes_ordinary_addresses_and_trims_them() {
        for good in [
            "ana@example.org",
            "a.b+tag@sub.example.co.uk",
            "o'hara@example.org",
            "x@xn--bcher-kva.example",
            "UPPER@EXAMPLE.ORG",
        ] {
            assert_eq!(Email::parse(good).map(|e| e.0), Ok(good.to_owned()));
        }
        assert_eq!(
            Email::parse("  ana@example.org\t").map(|e| e.0),
            Ok("ana@example.org".to_owned())
        );
    }

    #[test]
    fn refuses_what_no_mail_server_takes() {
        for bad in [
            "",
            " ",
            "notanemail",
            "a@b",
            "@example.org",
            "ana@",
            "ana@@example.org",
            "a b@example.org",
            ".a@example.org",
            "a.@example.org",
            "a..b@example.org",
            "ana@-a.org",
            "ana@a-.org",
            "ana@example..org",
            "ana@example.org.",
            "ana@127.0.0.1",
            "ana@[127.0.0.1]",
            "ana\0@example.org",
            "ana@exa\nmple.org",
            "a@b.c\r\nBcc: x@y.z",
            "anä@example.org",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_longest_address_has_254_characters() {
        let domain = format!(
            "{}.{}.{}.org",
            "a".repeat(63),
            "b".repeat(63),
            "c".repeat(57)
        );
        let longest = format!("{}@{domain}", "l".repeat(64));
        assert_eq!(longest.len(), 254);
        assert!(Email::parse(&longest).is_ok());
        let longer = format!("{}@x{domain}", "l".repeat(64));
        assert_eq!(Email::parse(&longer).map_err(|b| b.code), Err("too_long"));
    }
}
