//! A mail as a mail server gets it.

use mail_parser::MessageParser;

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Who it is for, by the envelope.
    pub to: Vec<String>,
    /// All of it.
    pub raw: String,
    /// Whether it came over TLS.
    pub encrypted: bool,
}

impl Mail {
    /// The mail in this text.
    pub fn of(to: &str, raw: &str) -> Self {
        Self {
            to: vec![to.to_owned()],
            raw: raw.to_owned(),
            encrypted: false,
        }
    }

    /// The text part.
    pub fn text(&self) -> String {
        self.parsed(|mail| mail.body_text(0).expect("a text part").into_owned())
    }

    /// The HTML part.
    pub fn html(&self) -> String {
        self.parsed(|mail| mail.body_html(0).expect("an HTML part").into_owned())
    }

    /// The subject.
    pub fn subject(&self) -> String {
        self.parsed(|mail| mail.subject().expect("a subject").to_owned())
    }

    /// The Message-ID, without angle brackets.
    pub fn message_id(&self) -> String {
        self.parsed(|mail| mail.message_id().expect("a Message-ID").to_owned())
    }

    /// The addresses in `From` and `To`.
    pub fn addresses(&self) -> (String, Vec<String>) {
        self.parsed(|mail| {
            let all = |a: Option<&mail_parser::Address<'_>>| -> Vec<String> {
                let addresses = a.into_iter().flat_map(mail_parser::Address::iter);
                addresses
                    .filter_map(|a| a.address())
                    .map(str::to_owned)
                    .collect()
            };
            (all(mail.from()).join(","), all(mail.to()))
        })
    }

    /// The link, which stands alone on its line in the text part.
    #[track_caller]
    pub fn link(&self) -> String {
        let text = self.text();
        let mut links = text.lines().filter(|line| line.contains("://"));
        let link = links.next().expect("a link").to_owned();
        assert!(links.next().is_none(), "more than one link:\n{text}");
        assert!(
            link.starts_with("http") && !link.contains(char::is_whitespace),
            "{link:?}"
        );
        link
    }

    /// The token in the link.
    #[track_caller]
    pub fn token(&self) -> String {
        let link = self.link();
        link.split_once("?token=")
            .expect("a link with a token")
            .1
            .to_owned()
    }

    fn parsed<T>(&self, look: impl FnOnce(&mail_parser::Message<'_>) -> T) -> T {
        look(
            &MessageParser::default()
                .parse(self.raw.as_bytes())
                .expect("a mail"),
        )
    }
}
