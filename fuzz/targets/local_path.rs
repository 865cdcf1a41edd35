//! Where a `next` may lead: never to another site, whatever a browser makes of it.

use http::HeaderValue;
use reqwest::Url;
use users_service::web::LocalPath;

/// Takes a text for a `next`, and follows it as a browser does.
pub fn local_path(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Some(path) = LocalPath::parse(text) else {
        return;
    };
    assert_eq!(path.as_str(), text);
    assert!(HeaderValue::from_str(text).is_ok());
    for page in [
        "https://users.example/login?next=x",
        "http://localhost:8080/a/b/c",
    ] {
        let page = Url::parse(page).expect("an address");
        let led = page.join(text).expect("an address");
        assert_eq!(led.origin(), page.origin(), "{text}");
        // And from there, whatever was normalised on the way.
        let again = page.join(led.path()).expect("an address");
        assert_eq!(again.origin(), page.origin(), "{text}");
    }
    let login = format!("https://users.example{}", path.after_login());
    let login = Url::parse(&login).expect("an address");
    let pairs: Vec<_> = login.query_pairs().collect();
    assert_eq!(pairs, [("next".into(), text.into())]);
}
