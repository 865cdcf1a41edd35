//! What the machine can do at most, with the crates that the service uses: the limits that `bin/bench` holds it against.
//!
//! `limits hello ADDR` serves poem's hello world, `/N` with N bytes. `limits argon2id SECONDS` and `limits rs256 SECONDS
//! KEY` do nothing else on as many threads as there are cores, and print how often. KEY is a file with a private key in PEM.

#![allow(clippy::unwrap_used, clippy::panic)]

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::{Engine, prelude::BASE64_STANDARD};
use mimalloc::MiMalloc;
use poem::{
    EndpointExt, IntoResponse, Response, Route, Server, get, handler, listener::TcpListener,
    web::Path,
};
use std::{
    env, fs, hint, thread,
    time::{Duration, Instant},
};

/// The service's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// As long as the longest page.
static BODY: [u8; 65_536] = [b'a'; 65_536];

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hello", addr] => serve(addr.to_owned()).await,
        ["argon2id", seconds] => println!("{}", count(seconds, argon2id)),
        ["rs256", seconds, key] => {
            let pem = fs::read_to_string(key).unwrap();
            println!("{}", count(seconds, move || rs256(&pem)));
        }
        _ => panic!("bin/bench runs this"),
    }
}

async fn serve(addr: String) {
    let app = Route::new().at("/:bytes", get(hello)).boxed();
    Server::new(TcpListener::bind(addr)).run(app).await.unwrap();
}

#[handler]
fn hello(Path(bytes): Path<usize>) -> Response {
    (&BODY[..bytes])
        .with_content_type("application/json; charset=utf-8")
        .into_response()
}

/// How often the work was done by all threads together.
fn count<W: FnMut()>(seconds: &str, work: impl Fn() -> W + Send + Clone + 'static) -> usize {
    let time = Duration::from_secs_f64(seconds.parse().unwrap());
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let work = work.clone();
            thread::spawn(move || {
                let (mut work, begun) = (work(), Instant::now());
                let mut times = 0;
                while begun.elapsed() < time {
                    work();
                    times += 1;
                }
                times
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum()
}

/// A hash as the service makes it, in memory that is kept.
fn argon2id() -> impl FnMut() {
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let mut memory = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    move || {
        let mut hash = [0; 32];
        argon2
            .hash_password_into_with_memory(
                b"correct horse battery",
                &[7; 16],
                &mut hash,
                &mut memory,
            )
            .unwrap();
        hint::black_box(hash);
    }
}

/// A signature of as many bytes as an access token has, with a key that is kept.
fn rs256(pem: &str) -> impl FnMut() + use<> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = KeyPair::from_pkcs8(&BASE64_STANDARD.decode(body).unwrap()).unwrap();
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    move || {
        key.sign(&RSA_PKCS1_SHA256, &random, &BODY[..500], &mut signature)
            .unwrap();
        hint::black_box(&signature);
    }
}
