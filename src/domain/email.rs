//! E-mail addresses.

use super::characters::is_blank;
use crate::error::Broken;
use std::borrow::Cow;

/// Longest address, in characters: RFC 5321 section 4.5.3.1.3 less the angle brackets.
pub const MAX_CHARS: usize = 254;

const INVALID: &str = "Enter a valid email address";
const UNSEEN: &str =
    "Email has a character in it that can't be seen. Type it instead of pasting it";
/// SMTPUTF8 (RFC 6531), which few mail servers speak.
const NOT_ASCII: &str =
    "Mail can't be sent to an address with letters other than a to z before the @. Use another one";

/// A trimmed, syntactically valid address: a dot-atom of RFC 5321, `@`, and a domain of at
/// least two labels. ASCII only: a domain in other letters is kept in its `xn--` form.
/// Upper and lower case are kept as typed; uniqueness ignores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks an address as typed.
    pub fn parse(typed: &str) -> Result<Self, Broken> {
        let address = spelled(typed);
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
            Ok(Self(address.into_owned()))
        } else {
            Err(Broken::new("invalid_format", what_is_wrong(&address)))
        }
    }

    /// The address as it was typed, [`spelled`] for mail servers.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address as it is typed, spelled as it is kept: without what shows nothing around it, and with
/// a domain in other letters in its `xn--` form (UTS 46). What is no address stays as it is.
#[must_use]
pub fn spelled(typed: &str) -> Cow<'_, str> {
    let address = typed.trim_matches(is_blank);
    if address.is_ascii() || address.chars().count() > MAX_CHARS {
        return Cow::Borrowed(address);
    }
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Cow::Borrowed(address);
    };
    match idna::domain_to_ascii_strict(domain) {
        Ok(domain) => Cow::Owned(format!("{local}@{domain}")),
        Err(_) => Cow::Borrowed(address),
    }
}

/// An address as it is typed, as the limits know it: whatever the database takes for the same
/// account is the same here. `İ` is the one letter that both may read as `i`.
#[must_use]
pub fn folded(typed: &str) -> String {
    let address = spelled(typed);
    let lower = address.chars().flat_map(char::to_lowercase);
    lower.filter(|c| *c != '\u{307}').collect()
}

/// What to tell of an address that is none.
fn what_is_wrong(address: &str) -> &'static str {
    if address.chars().any(|c| is_blank(c) && !c.is_whitespace()) {
        return UNSEEN;
    }
    let is_for_some_servers = address.rsplit_once('@').is_some_and(|(local, domain)| {
        is_local_part(&local.replace(|c: char| !c.is_ascii(), "x")) && is_domain(domain)
    });
    if is_for_some_servers {
        NOT_ASCII
    } else {
        INVALID
    }
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

    #[test]
    fn what_shows_nothing_around_an_address_is_not_part_of_it() {
        for typed in [
            "\u{feff}ana@example.org",
            "\u{200b}ana@example.org\u{200b}",
            "\u{202a}ana@example.org\u{202c}",
            "\u{200e}ana@example.org\u{2069}",
            "\u{a0}ana@example.org\u{3000}\n",
        ] {
            assert_eq!(
                Email::parse(typed).map(|e| e.0),
                Ok("ana@example.org".into())
            );
            assert_eq!(folded(typed), "ana@example.org", "{typed:?}");
        }
        assert_eq!(
            Email::parse("\u{200b}").map_err(|b| b.code),
            Err("required")
        );
    }

    #[test]
    fn a_domain_in_other_letters_is_kept_as_mail_servers_know_it() {
        for (typed, kept) in [
            ("Ana@bücher.example", "Ana@xn--bcher-kva.example"),
            ("Ana@BU\u{308}CHER.Example", "Ana@xn--bcher-kva.example"),
            ("ana@例え。テスト", "ana@xn--r8jz45g.xn--zckzah"),
            ("ana@пример.испытание", "ana@xn--e1afmkfd.xn--80akhbyknj4f"),
            ("ana@faß.example", "ana@xn--fa-hia.example"),
            ("ana@مثال\u{200c}.example", "ana@مثال\u{200c}.example"),
        ] {
            let parsed = Email::parse(typed).map(|email| email.0).ok();
            assert_eq!(
                parsed.as_deref(),
                kept.is_ascii().then_some(kept),
                "{typed}"
            );
            assert_eq!(spelled(typed), kept);
            assert_eq!(folded(typed), kept.to_lowercase());
        }
        // `xn--tda.` for each, 247 characters of a domain.
        let long = |local: &str| format!("{local}@{}example", "ü.".repeat(30));
        assert!(Email::parse(&long("banana")).is_ok());
        assert_eq!(
            Email::parse(&long("bananas")).map_err(|b| b.code),
            Err("too_long")
        );
    }

    #[test]
    fn what_is_wrong_is_told_where_it_can_be_known() {
        let told = |typed: &str| Email::parse(typed).map_err(|broken| broken.message);
        for (typed, message) in [
            ("notanemail", INVALID),
            ("ana@bücher", INVALID),
            ("ana@-ü.example", INVALID),
            ("anä@example", INVALID),
            ("anä@example.org", NOT_ASCII),
            ("я@bücher.example", NOT_ASCII),
            ("an\u{200b}a@example.org", UNSEEN),
        ] {
            assert_eq!(told(typed), Err(message.to_owned()), "{typed:?}");
        }
    }
}
