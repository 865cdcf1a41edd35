//! Cookies: reading one, and the refresh token's, which both surfaces set.

use crate::{App, domain::Token, services::sessions::REFRESH_TOKEN_LIFETIME};
use poem::{
    Request, Response,
    http::{HeaderValue, header},
};

/// The name of the refresh token's cookie.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// The name of the cookie that makes a browser known to the accounts that logged in with it.
pub const DEVICE: &str = "device";

/// The name of a cookie that only we may set. `__Host-` has the browser keep out copies that
/// another host or path planted (RFC 6265bis section 4.1.3.2); it takes only secure cookies.
#[must_use]
pub fn host_name(app: &App, plain: &str) -> String {
    format!("{}{plain}", prefix(app))
}

fn prefix(app: &App) -> &'static str {
    if app.config.secure_cookies() {
        "__Host-"
    } else {
        ""
    }
}

/// The secret of the browser that asks, if it has one that looks like ours.
#[must_use]
pub fn device(request: &Request, app: &App) -> Option<Token> {
    let value = own(request, app, DEVICE)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_ours = value.len() == 43 && value.bytes().all(plain);
    is_ours.then(|| Token::presented(value))
}

/// The value of a cookie; the first one when several have the name.
#[must_use]
pub fn get<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    find(request, |key| key == name)
}

/// The value of the cookie that only we may set, by its name without the prefix.
#[must_use]
pub fn own<'a>(request: &'a Request, app: &App, plain: &str) -> Option<&'a str> {
    let prefix = prefix(app);
    find(request, |key| key.strip_prefix(prefix) == Some(plain))
}

fn find(request: &Request, is_it: impl Fn(&str) -> bool) -> Option<&str> {
    request
        .headers()
        .get_all(header::COOKIE)
        .iter()
        // Byte by byte: somebody else's cookie may hold anything.
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .find(|(key, _)| is_it(key))
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

/// The attributes that every cookie of ours has, `Secure` where it applies.
#[must_use]
pub fn attributes(app: &App) -> &'static str {
    if app.config.secure_cookies() {
        "; Path=/; HttpOnly; SameSite=Lax; Secure"
    } else {
        "; Path=/; HttpOnly; SameSite=Lax"
    }
}

/// Adds a cookie to an answer. `value` must be made of cookie characters (RFC 6265 section
/// 4.1.1), as tokens are; `max_age` in seconds, none for as long as the browser runs.
pub fn set(response: &mut Response, app: &App, name: &str, value: &str, max_age: Option<i64>) {
    let age = max_age.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    let cookie = format!("{name}={value}{age}{}", attributes(app));
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Takes a cookie away.
pub fn clear(response: &mut Response, app: &App, name: &str) {
    set(response, app, name, "", Some(0));
}

/// Hands out a refresh token.
pub fn set_refresh_token(response: &mut Response, app: &App, token: &Token) {
    let age = REFRESH_TOKEN_LIFETIME.whole_seconds();
    set(response, app, REFRESH_TOKEN, token.expose(), Some(age));
}
