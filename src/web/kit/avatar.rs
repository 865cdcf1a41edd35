//! A person's picture in a page, or the initial in its place.

use super::visit::Visit;
use crate::Config;
use askama::{Template, filters::HtmlSafe};
use reqwest::Url;

/// How large a picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Size {
    /// In a list.
    Small,
    /// On a profile.
    Large,
}

impl Size {
    /// The side of the square, in CSS pixels.
    fn side(self) -> u32 {
        match self {
            Self::Small => 48,
            Self::Large => 96,
        }
    }

    /// The side of the file, in pixels: twice as much, for dense screens.
    fn file_side(self) -> u32 {
        2 * self.side()
    }
}

/// A picture beside the name of its person: it says nothing that the name does not.
#[derive(Debug, Template)]
#[template(path = "kit/avatar.html")]
pub(in crate::web) struct Avatar {
    source: Option<String>,
    initial: String,
    size: Size,
}

impl HtmlSafe for Avatar {}

impl Visit<'_> {
    /// The picture with this address, of a person with this name. Who saves data gets the small
    /// file wherever it is shown.
    pub(in crate::web) fn avatar(self, address: Option<&str>, name: &str, size: Size) -> Avatar {
        let file = if self.saves_data() { Size::Small } else { size };
        Avatar::new(&self.app.config, address, name, size, file)
    }
}

impl Avatar {
    fn new(config: &Config, address: Option<&str>, name: &str, size: Size, file: Size) -> Self {
        Self {
            source: address.and_then(|address| source(config, address, file)),
            initial: name
                .chars()
                .next()
                .map(|c| c.to_uppercase().collect())
                .unwrap_or_default(),
            size,
        }
    }
}

/// What to load: our own files by path, so that they show on whatever host the page is; others
/// only from the hosts that the configuration, and with it the Content-Security-Policy, allows.
fn source(config: &Config, address: &str, size: Size) -> Option<String> {
    let own = address
        .strip_prefix(config.public_url.as_str())
        .and_then(|path| path.strip_prefix("/avatars/"))
        .and_then(|name| name.strip_suffix(".jpg"));
    match own {
        Some(stem) => Some(format!("/avatars/{stem}-{}.jpg", size.file_side())),
        None => is_allowed(&config.avatar_url_hosts, address).then(|| address.to_owned()),
    }
}

fn is_allowed(hosts: &[String], address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
    url.scheme() == "https"
        && hosts.iter().any(|allowed| match allowed.strip_prefix('*') {
            Some(domain) => url.port().is_none() && host.ends_with(domain),
            None => (url.port().is_none() && *allowed == host) || *allowed == with_port,
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn config() -> Config {
        let variables = [
            ("PUBLIC_URL", "https://social.example"),
            (
                "AVATAR_URL_HOSTS",
                "pictures.example,*.cdn.example,other.example:8443",
            ),
        ];
        let env: HashMap<String, String> = variables.map(|(k, v)| (k.into(), v.into())).into();
        Config::from_map(&env).unwrap()
    }

    fn source_of(address: &str) -> Option<String> {
        source(&config(), address, Size::Small)
    }

    #[test]
    fn our_own_pictures_are_shown_by_path_in_the_size_needed() {
        let own = "https://social.example/avatars/0123.jpg";
        assert_eq!(source_of(own).as_deref(), Some("/avatars/0123-96.jpg"));
        let large = source(&config(), own, Size::Large);
        assert_eq!(large.as_deref(), Some("/avatars/0123-192.jpg"));
    }

    #[test]
    fn foreign_pictures_are_shown_from_allowed_hosts_only() {
        for good in [
            "https://pictures.example/a.png",
            "https://a.cdn.example/a.png",
            "https://other.example:8443/a.png",
        ] {
            assert_eq!(source_of(good).as_deref(), Some(good));
        }
        for bad in [
            "https://evil.example/a.png",
            "https://pictures.example.evil.example/a.png",
            "https://pictures.example:444/a.png",
            "https://cdn.example/a.png",
            "https://other.example/a.png",
            "http://pictures.example/a.png",
            "https://social.example.evil.example/avatars/0123.jpg",
            "not an address",
        ] {
            assert_eq!(source_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_initial_stands_in() {
        let avatar = Avatar::new(&config(), None, "émile", Size::Small, Size::Small);
        assert!(avatar.render().unwrap().contains(">É</span>"));
    }
}
