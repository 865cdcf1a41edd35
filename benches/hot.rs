//! The hot functions alone, without network and database: `cargo bench --bench hot`. docs/performance.md says what they cost.

#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use poem::{Endpoint, Request, Response, endpoint::BoxEndpoint, http::header};
use std::{collections::HashMap, io, sync::LazyLock};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};
use tracing::Level;
use users_service::{
    App, Config,
    clock::Clock,
    crypto::{Keys, keys},
    database::{Pool, Replicas},
    domain::{Cursor, Email, Token, Username},
    ops::logs::Json,
    routes,
};
use uuid::Uuid;

fn main() {
    tracing_subscriber::fmt()
        .event_format(Json)
        .with_max_level(Level::INFO)
        .with_writer(io::sink)
        .init();
    divan::main();
}

static APP: LazyLock<App> = LazyLock::new(|| {
    // Nobody answers there: no path below asks for the database.
    let url = "postgres://nobody@127.0.0.1:1/none";
    let settings = [("DATABASE_URL", url)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::from_map(&HashMap::from(settings)).unwrap();
    let keys = Keys::new(&config, &keys::generate_private_key().unwrap()).unwrap();
    let db = Pool::new(url, 1).unwrap();
    App::new(
        config,
        Clock::default(),
        db,
        Replicas::default(),
        keys,
        None,
    )
});

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

static SERVICE: LazyLock<BoxEndpoint<'static, Response>> = LazyLock::new(|| {
    let _entered = RUNTIME.enter();
    Box::new(poem::endpoint::ToDynEndpoint(routes::all(&APP)))
});

/// A request through all layers: trace, log line, metrics, headers, errors.
fn answer(bencher: Bencher, path: &str, headers: &[(header::HeaderName, &str)]) {
    let request = || {
        let builder = Request::builder()
            .uri(path.parse().unwrap())
            .header(header::HOST, "localhost");
        let builder = headers.iter().fold(builder, |builder, (name, value)| {
            builder.header(name, *value)
        });
        builder.finish()
    };
    bencher
        .with_inputs(request)
        .bench_local_values(|request| RUNTIME.block_on(SERVICE.call(request)).unwrap());
}

#[divan::bench]
fn all_layers_and_a_log_line(bencher: Bencher) {
    answer(bencher, "/livez", &[]);
}

#[divan::bench]
fn a_page(bencher: Bencher) {
    answer(bencher, "/", &[]);
}

#[divan::bench]
fn a_page_compressed(bencher: Bencher) {
    answer(bencher, "/", &[(header::ACCEPT_ENCODING, "br")]);
}

#[divan::bench]
fn a_page_not_modified(bencher: Bencher) {
    answer(bencher, "/", &[(header::IF_NONE_MATCH, "*")]);
}

fn token() -> String {
    let roles = ["user".to_owned()];
    let now = OffsetDateTime::now_utc();
    APP.keys
        .issue(
            Uuid::from_u128(1),
            Uuid::from_u128(2),
            "ana@example.org",
            &roles,
            now,
        )
        .unwrap()
}

#[divan::bench]
fn sign_a_token() -> String {
    token()
}

#[divan::bench]
fn verify_a_token(bencher: Bencher) {
    let (token, now) = (token(), OffsetDateTime::now_utc());
    bencher.bench(|| APP.keys.verify(black_box(&token), now).unwrap());
}

fn cursor() -> Cursor {
    Cursor {
        created_at: OffsetDateTime::UNIX_EPOCH,
        id: Uuid::from_u128(1),
    }
}

#[divan::bench]
fn write_a_cursor(bencher: Bencher) {
    let cursor = cursor();
    bencher.bench(|| black_box(&cursor).encode());
}

#[divan::bench]
fn read_a_cursor(bencher: Bencher) {
    let text = cursor().encode();
    bencher.bench(|| Cursor::parse(black_box(&text)));
}

#[divan::bench]
fn hash_a_refresh_token(bencher: Bencher) {
    let token = Token::from_bytes(&[7; 32]);
    bencher.bench(|| black_box(&token).hash());
}

#[divan::bench]
fn check_a_username() -> bool {
    Username::parse(black_box("Ana.of_the.Sea")).is_ok()
}

#[divan::bench]
fn check_an_address() -> bool {
    Email::parse(black_box(" Ana.Maria@mail.example.org ")).is_ok()
}
