//! Where to go next: a path of ours, never another site.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::{
    Request,
    http::{Method, Uri, header},
};
use serde::{Deserialize, Deserializer};

/// Longer than any address of ours.
const MAX_BYTES: usize = 1_024;
/// What stays as it is in a query's value.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A path and query of this site, safe to redirect to: visible ASCII that starts with a slash,
/// without backslashes, which browsers take for slashes, and without two slashes in a row in the
/// path, which dots before them could bring to its beginning, where they name a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Takes a text for what it says, if it can lead nowhere else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.split('?').next().unwrap_or_default();
        let local = path.starts_with('/')
            && !path.contains("//")
            && text.len() <= MAX_BYTES
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        local.then(|| Self(text.to_owned()))
    }

    /// The page that a request was made from: the one asked for, or, when the answer is no page
    /// of its own, the one that it came from.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let uri = request.original_uri();
        if request.method() == Method::GET && request.header("hx-request").is_none() {
            return Self::from_uri(uri).unwrap_or_default();
        }
        let referer = request.header(header::REFERER);
        referer
            .and_then(|referer| referer.parse::<Uri>().ok())
            .and_then(|uri| Self::from_uri(&uri))
            .or_else(|| Self::around_press(uri))
            .unwrap_or_default()
    }

    /// The profile that a press on "Follow" belongs to, for browsers that don't say where they are.
    fn around_press(uri: &Uri) -> Option<Self> {
        let (profile, verb) = uri.path().rsplit_once('/')?;
        matches!(verb, "follow" | "unfollow").then(|| Self::parse(profile))?
    }

    fn from_uri(uri: &Uri) -> Option<Self> {
        Self::parse(uri.path_and_query()?.as_str())
    }

    /// The path and query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The log-in page that leads back here.
    #[must_use]
    pub fn after_login(&self) -> String {
        format!("/login?next={}", utf8_percent_encode(&self.0, KEPT))
    }

    /// The page that asks for the password and leads back here.
    #[must_use]
    pub fn after_confirming(&self) -> String {
        let next = utf8_percent_encode(&self.0, KEPT);
        format!("/settings/confirm?next={next}")
    }

    /// The page that says that the account is kept, and leads on here.
    #[must_use]
    pub fn after_keeping(&self) -> String {
        let next = utf8_percent_encode(&self.0, KEPT);
        format!("/settings/delete/kept?next={next}")
    }
}

impl Default for LocalPath {
    /// The signed-in home.
    fn default() -> Self {
        Self("/timeline".to_owned())
    }
}

impl<'de> Deserialize<'de> for LocalPath {
    /// What is not safe is not an error: it leads home.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self::parse(&text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_taken() {
        for good in ["/", "/profile", "/@ana/followers?page=2", "/x?next=//y"] {
            assert_eq!(LocalPath::parse(good).map(|p| p.0).as_deref(), Some(good));
        }
        for bad in [
            "",
            "profile",
            "//evil.example",
            "/..//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\b",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            " /profile",
            "/pro file",
            "/\t/evil.example",
            "/\r\nSet-Cookie: a=b",
            "/\0",
            "/ä",
            "\u{feff}/",
        ] {
            assert_eq!(LocalPath::parse(bad), None, "{bad:?}");
        }
        assert_eq!(
            LocalPath::parse(&format!("/{}", "a".repeat(MAX_BYTES))),
            None
        );
    }

    #[test]
    fn a_post_leads_back_to_the_page_it_came_from() {
        let post = |referer: &str| {
            let request = Request::builder()
                .method(Method::POST)
                .uri_str("/@ana/follow")
                .header("referer", referer)
                .finish();
            LocalPath::of(&request).0
        };
        assert_eq!(post("http://localhost:8080/@ana?x=1"), "/@ana?x=1");
        assert_eq!(post("http://localhost:8080"), "/");
        assert_eq!(post("//evil.example//x"), "/timeline");
        assert_eq!(post(""), "/timeline");
        let around = |path| LocalPath::around_press(&Uri::from_static(path)).map(|p| p.0);
        assert_eq!(around("/@ana/unfollow").as_deref(), Some("/@ana"));
        assert_eq!(around("/profile/edit"), None);
    }

    #[test]
    fn the_way_back_is_one_value_of_the_query() {
        let path = LocalPath("/@ana/followers?page=2&x=ä".to_owned());
        assert_eq!(
            path.after_login(),
            "/login?next=%2F%40ana%2Ffollowers%3Fpage%3D2%26x%3D%C3%A4"
        );
    }
}
