//! The headers that every answer carries, and those of every page.

use crate::Config;
use poem::{
    Response,
    http::{HeaderName, HeaderValue, header},
};

/// What no page of ours uses, nor anything that could be put into one.
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// The Content-Security-Policy of pages: nothing but our own files, and the foreign pictures that
/// the configuration allows.
#[must_use]
pub fn content_security_policy(config: &Config) -> String {
    let mut sources = vec!["'self'", "blob:"];
    sources.extend(config.avatar_url_hosts.iter().map(String::as_str));
    let pictures = sources.join(" ");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src {pictures}; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

type Header = (HeaderName, HeaderValue);

/// The headers of every answer, made once.
pub struct Headers {
    all: Vec<Header>,
    /// What a browser heeds where it shows a page, and nowhere else (OWASP ASVS 5.0, 3.4.8).
    of_pages: [Header; 2],
}

impl Headers {
    /// Those of this configuration. Browsers that came over https once never come without it again
    /// (RFC 6797), where this is more than somebody's own machine.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let fixed = HeaderValue::from_static;
        // The hosts in it were checked to be plain.
        let policy = HeaderValue::try_from(content_security_policy(config))
            .unwrap_or_else(|_| fixed("default-src 'none'"));
        let named = HeaderName::from_static;
        let mut all = vec![
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
            (header::REFERRER_POLICY, fixed("same-origin")),
            (named("cross-origin-resource-policy"), fixed("same-origin")),
        ];
        if !config.is_development() && config.public_url.starts_with("https://") {
            let two_years = fixed("max-age=63072000; includeSubDomains");
            all.push((header::STRICT_TRANSPORT_SECURITY, two_years));
        }
        let of_pages = [
            (named("cross-origin-opener-policy"), fixed("same-origin")),
            (named("permissions-policy"), fixed(PERMISSIONS)),
        ];
        Self { all, of_pages }
    }

    /// Adds them, keeping what a handler set on purpose.
    pub fn add(&self, response: &mut Response) {
        let of_pages = if is_page(response) {
            &self.of_pages[..]
        } else {
            &[]
        };
        let headers = response.headers_mut();
        headers.reserve(self.all.len() + of_pages.len());
        for (name, value) in self.all.iter().chain(of_pages) {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Whether an answer is a page.
#[must_use]
pub fn is_page(response: &Response) -> bool {
    let kind = response.content_type();
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Environment::{Development, Production};

    #[test]
    fn only_production_behind_https_asks_for_https_for_ever() {
        let says = |environment, public_url: &str| {
            let mut config = Config::from_map(&std::collections::HashMap::new()).unwrap();
            config.environment = environment;
            config.public_url = public_url.to_owned();
            let mut response = Response::default();
            Headers::new(&config).add(&mut response);
            response.headers().contains_key("strict-transport-security")
        };
        assert!(says(Production, "https://social.example.org"));
        assert!(!says(Production, "http://localhost"));
        assert!(!says(Development, "https://social.example.org"));
    }
}
