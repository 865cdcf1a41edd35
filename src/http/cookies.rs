//! Cookies: reading one, and the refresh token's, which both surfaces set.

use crate::{App, domain::Token, services::sessions::REFRESH_TOKEN_LIFETIME};
use poem::{
    Request, Response,
    http::{HeaderValue, header},
};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The name of the refresh token's cookie.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// The name of the cookie that says which log-in the refresh token beside it belongs to.
const LOG_IN: &str = "log_in";
/// How many characters a refresh token may have, whichever release made it.
const REFRESH_TOKEN_LENGTH: RangeInclusive<usize> = 43..=128;
/// How many refresh tokens of a request are looked at.
const MAX_REFRESH_TOKENS: usize = 4;
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
    let mut tokens = own(request, app, DEVICE).filter(|value| is_token(value, 43..=43));
    tokens.next().map(Token::presented)
}

/// The refresh tokens of a request, in its order. There is one, whatever it is, unless somebody planted
/// others: a host beside ours may set the cookie for our domain, too. Then it is every value that looks
/// like one, each once.
#[must_use]
pub fn refresh_tokens(request: &Request) -> Vec<Token> {
    let values: Vec<&str> = all(request, |key| key == REFRESH_TOKEN).collect();
    if let [only] = values[..] {
        return vec![Token::presented(only)];
    }
    let mut tokens = Vec::new();
    for value in values {
        let token = Token::presented(value);
        if is_token(value, REFRESH_TOKEN_LENGTH) && !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    tokens.truncate(MAX_REFRESH_TOKENS);
    tokens
}

/// Which log-in a browser is in, if it says so: its refresh token is the one of this session. Behind
/// https alone, where nobody else can set the cookie.
#[must_use]
pub fn log_in(request: &Request, app: &App) -> Option<Uuid> {
    let mut ids = own(request, app, LOG_IN).filter(|_| app.config.secure_cookies());
    ids.find_map(|id| id.parse().ok())
}

/// Whether a text could be a token of ours: base64url of this many characters.
fn is_token(text: &str, length: RangeInclusive<usize>) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    length.contains(&text.len()) && text.bytes().all(plain)
}

/// The values of the cookie that only we may set, by its name without the prefix. Without https others
/// may set it too, so there may be several.
pub fn own<'a>(
    request: &'a Request,
    app: &App,
    plain: &'a str,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let prefix = prefix(app);
    all(request, move |key| key.strip_prefix(prefix) == Some(plain))
}

fn all<'a>(
    request: &'a Request,
    is_it: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = &'a str> {
    request
        .headers()
        .get_all(header::COOKIE)
        .iter()
        // Byte by byte: somebody else's cookie may hold anything.
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .filter(move |(key, _)| is_it(key))
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
    let age = Some(REFRESH_TOKEN_LIFETIME.whole_seconds());
    set(response, app, REFRESH_TOKEN, token.expose(), age);
}

/// Has a browser say which log-in its refresh token is of, behind https. The JSON API's clients get one
/// cookie, as agreed.
pub fn set_log_in(response: &mut Response, app: &App, session_id: Uuid) {
    if app.config.secure_cookies() {
        let age = Some(REFRESH_TOKEN_LIFETIME.whole_seconds());
        let (name, id) = (host_name(app, LOG_IN), session_id.to_string());
        set(response, app, &name, &id, age);
    }
}

/// Has a browser say so no longer.
pub fn clear_log_in(response: &mut Response, app: &App) {
    if app.config.secure_cookies() {
        clear(response, app, &host_name(app, LOG_IN));
    }
}
