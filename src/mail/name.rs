//! How a username stands in a mail.

use std::fmt;

/// Shows nothing and breaks no line (Unicode's WORD JOINER).
const JOINER: char = '\u{2060}';

/// A username that no mail program takes for an address on the web: `win.at.evil.com` is a good one, and
/// strangers choose it. Before each dot stands a character that shows nothing; no domain has it there,
/// and neither `www.` nor `evil.com` is left in one piece. Names without a dot are as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The username as it is written in a mail.
    #[must_use]
    pub fn of(username: &str) -> Self {
        Self(username.replace('.', &format!("{JOINER}.")))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_dots_can_not_become_a_link_and_looks_the_same() {
        let name = Name::of("www.win.at.evil.com").to_string();
        for link in ["www.", "win.at", "evil.com", ".com"] {
            assert_eq!(name.contains(link), link == ".com", "{link}");
        }
        assert_eq!(name.replace(JOINER, ""), "www.win.at.evil.com");
        assert_eq!(Name::of("ana_2").to_string(), "ana_2");
    }
}
