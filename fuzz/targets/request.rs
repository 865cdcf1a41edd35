//! A whole request, through every layer to the database, which is gone: cookies, trace ids, CSRF
//! proofs, origins, bodies, queries. Nothing of it is ever our fault.

use poem::{
    Body, Endpoint, EndpointExt, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderName, HeaderValue, Method, Uri, header},
};
use reqwest::Url;
use serde_json::Value;
use std::{collections::HashMap, sync::LazyLock};
use tokio::runtime::{Builder, Runtime};
use users_service::{
    App, Config,
    clock::Clock,
    crypto::{Keys, keys},
    database::{Pool, Replicas},
    http::errors::is_json_path,
    routes,
};
use uuid::Uuid;

/// Nobody listens there.
const DATABASE: &str = "postgresql://nobody@127.0.0.1:1/none";
const PUBLIC_URL: &str = "https://users.example";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
});

static APP: LazyLock<App> = LazyLock::new(|| {
    let settings = [("PUBLIC_URL", PUBLIC_URL), ("DATA_DIR", "/nonexistent")];
    let settings: HashMap<_, _> = settings.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let config = Config::from_map(&settings).expect("good settings");
    let pem = keys::generate_private_key().expect("a key");
    let keys = Keys::new(&config, &pem).expect("keys");
    let pool = Pool::new(DATABASE, 1).expect("a pool");
    App::new(
        config,
        Clock::default(),
        pool,
        Replicas::default(),
        keys,
        None,
    )
});

static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let now = APP.clock.now();
    let token = APP.keys.issue(
        Uuid::from_u128(7),
        Uuid::from_u128(8),
        "ana@example.org",
        &[],
        now,
    );
    token.expect("a token")
});

static SERVICE: LazyLock<BoxEndpoint<'static, Response>> =
    LazyLock::new(|| routes::all(&APP).boxed());

/// Takes the input for a request as it crosses the line: `METHOD TARGET`, headers, a blank line, a
/// body. `{token}` in a header is a good access token.
pub fn request(input: &[u8]) {
    let Some(request) = parse(input) else {
        return;
    };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = RUNTIME.block_on(SERVICE.call(request));
    check(&method, &path, response.expect("an answer, whatever it is"));
}

fn check(method: &Method, path: &str, response: Response) {
    let status = response.status();
    assert_ne!(status, 500, "{method} {path}");
    let header = |name: &str| response.header(name).unwrap_or_default().to_owned();
    let trace_id = header("x-trace-id");
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    assert!((1..=64).contains(&trace_id.len()) && trace_id.bytes().all(plain));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("default-src 'none'"));
    let location = header("location");
    // As a browser follows it. With a long path in its query it may be longer than a `next` may be.
    let page = Url::parse(PUBLIC_URL).expect("an address");
    let led = page.join(&location).expect("an address");
    assert_eq!(led.origin(), page.origin(), "{location}");
    if path.starts_with("/auth/") {
        assert_eq!(header("cache-control"), "no-store");
    }
    if status.as_u16() >= 400 && is_json_path(path) && method != Method::HEAD {
        let body = RUNTIME.block_on(response.into_body().into_vec());
        let body: Value = serde_json::from_slice(&body.expect("a body")).expect("JSON");
        assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string());
    }
}

fn parse(input: &[u8]) -> Option<Request> {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = input.split_at(end.unwrap_or(input.len()));
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let (method, target) = first.split_once(' ')?;
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).ok()?)
        .uri(target.parse::<Uri>().ok()?)
        .header(header::HOST, "localhost")
        .body(Body::from(body.get(2..).unwrap_or_default().to_vec()));
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = line[colon + 1..].trim_ascii();
        let value = if value.ends_with(b"{token}") {
            HeaderValue::try_from(format!("Bearer {}", *TOKEN)).ok()?
        } else {
            HeaderValue::from_bytes(value).ok()?
        };
        // The server has done with these before a handler sees the request.
        if name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}
