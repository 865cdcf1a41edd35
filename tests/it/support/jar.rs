//! Cookies: what `Set-Cookie` says, and a browser's jar.

use http::{HeaderMap, header};
use std::collections::{BTreeMap, BTreeSet};

/// A `Set-Cookie` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// The cookie's name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Everything after the value, as written, in no order.
    pub attributes: BTreeSet<String>,
}

impl SetCookie {
    /// All that an answer sets, in order.
    pub fn all(headers: &HeaderMap) -> Vec<Self> {
        let texts = headers.get_all(header::SET_COOKIE).iter();
        texts
            .map(|text| Self::parse(text.to_str().expect("ASCII")))
            .collect()
    }

    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let (name, value) = pair.expect("name=value");
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
            attributes: parts.map(str::to_owned).collect(),
        }
    }

    /// Whether it takes the cookie away.
    pub fn clears(&self) -> bool {
        self.attributes.contains("Max-Age=0")
    }

    /// Whether it has an attribute, such as `HttpOnly`.
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.contains(attribute)
    }
}

/// A browser's cookies for one host.
#[derive(Debug, Default, Clone)]
pub struct Jar(BTreeMap<String, SetCookie>);

impl Jar {
    /// Takes over what an answer sets.
    pub fn take(&mut self, headers: &HeaderMap) {
        for cookie in SetCookie::all(headers) {
            if cookie.clears() {
                self.0.remove(&cookie.name);
            } else {
                self.0.insert(cookie.name.clone(), cookie);
            }
        }
    }

    /// The `Cookie` header for a path; none without cookies.
    pub fn header(&self, path: &str) -> Option<String> {
        let sent = self.0.values().filter(|cookie| {
            let scope = cookie
                .attributes
                .iter()
                .find_map(|a| a.strip_prefix("Path="));
            path.starts_with(scope.unwrap_or("/"))
        });
        let pairs: Vec<_> = sent.map(|c| format!("{}={}", c.name, c.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// A cookie by its name.
    pub fn get(&self, name: &str) -> Option<&SetCookie> {
        self.0.get(name)
    }

    /// All cookies.
    pub fn all(&self) -> impl Iterator<Item = &SetCookie> {
        self.0.values()
    }

    /// Forgets every cookie but those with these names.
    pub fn keep_only(&mut self, names: &[&str]) {
        self.0.retain(|name, _| names.contains(&name.as_str()));
    }

    /// Puts a cookie in, as somebody with bad intentions could.
    pub fn plant(&mut self, name: &str, value: &str) {
        let cookie = SetCookie {
            name: name.to_owned(),
            value: value.to_owned(),
            attributes: BTreeSet::new(),
        };
        self.0.insert(name.to_owned(), cookie);
    }
}
