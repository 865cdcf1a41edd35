//! A real S3-speaking server of a test's own: s3s over a folder. It checks every signature, and can
//! fail in the ways that stores fail.

use hyper::{server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use s3s::{
    HttpError, HttpResponse,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Whom it knows.
const KEY: &str = "AKIDEXAMPLE";
/// The secret of whom it knows.
pub const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";
const BUCKET: &str = "pictures";

/// How the server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMode {
    /// As it should.
    Up,
    /// Hangs up on everybody.
    Down,
    /// Takes requests and never answers.
    Silent,
    /// Answers 500 to so many requests, then as it should.
    Broken(usize),
    /// Lets nobody do anything.
    Denied,
}

/// The server.
pub struct S3 {
    url: String,
    root: TempDir,
    state: Arc<State>,
}

struct State {
    mode: Mutex<StoreMode>,
    requests: Mutex<Vec<String>>,
    service: S3Service,
}

impl S3 {
    /// A server with an empty bucket.
    pub async fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join(BUCKET)).expect("a bucket");
        let files = s3s_fs::FileSystem::new(root.path()).expect("a store");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let state = Arc::new(State {
            mode: Mutex::new(StoreMode::Up),
            requests: Mutex::default(),
            service: service.build(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = Connection(Arc::clone(&shared));
                let served =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), connection);
                tokio::spawn(async move { served.await.ok() });
            }
        });
        Self { url, root, state }
    }

    /// Behaves differently from now on.
    pub fn set(&self, mode: StoreMode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    /// What a service needs to keep its pictures here.
    pub fn settings(&self) -> [(&'static str, &str); 4] {
        [
            ("AVATAR_STORE", "s3://pictures/users/avatars"),
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
        ]
    }

    /// Where the objects below the prefix lie as files.
    pub fn folder(&self) -> PathBuf {
        self.bucket().join("users/avatars")
    }

    /// Where all objects lie as files.
    pub fn bucket(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    /// The requests so far, such as `PUT /pictures/users/avatars/x.jpg`.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }
}

/// One client of the server.
struct Connection(Arc<State>);

impl Service<http::Request<hyper::body::Incoming>> for Connection {
    type Response = HttpResponse;
    type Error = HttpError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

    fn call(&self, request: http::Request<hyper::body::Incoming>) -> Self::Future {
        let line = format!("{} {}", request.method(), request.uri());
        self.0.requests.lock().unwrap().push(line);
        let mut mode = self.0.mode.lock().unwrap();
        let now = *mode;
        if let StoreMode::Broken(times) = now {
            let is_last = times <= 1;
            *mode = if is_last {
                StoreMode::Up
            } else {
                StoreMode::Broken(times - 1)
            };
        }
        match now {
            StoreMode::Up => Service::call(&self.0.service, request),
            StoreMode::Down => Box::pin(async { Err(HttpError::new("down".into())) }),
            StoreMode::Silent => Box::pin(std::future::pending()),
            StoreMode::Broken(_) => Box::pin(async { Ok(refusal(500, "InternalError")) }),
            StoreMode::Denied => Box::pin(async { Ok(refusal(403, "AccessDenied")) }),
        }
    }
}

/// An error as S3 says it.
fn refusal(status: u16, code: &str) -> HttpResponse {
    let mut answer = HttpResponse::new(format!("<Error><Code>{code}</Code></Error>").into());
    *answer.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    answer
}

/// The names of the files in a folder, in order; none while there is no folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}
