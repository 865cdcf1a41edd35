//! The way of a page: real failures, a real Prometheus and Alertmanager, and whoever is on call.

use crate::{
    deployment::file,
    support::{Api, Database, KEY, Program, eventually, free_port},
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Where pages arrive.
struct Pager {
    address: String,
    pages: Arc<Mutex<Vec<Value>>>,
}

impl Pager {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let pages = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&pages);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(page) = page(stream).await {
                    kept.lock().unwrap().push(page);
                }
            }
        });
        Self { address, pages }
    }

    /// The alert of this name and state (`firing`, `resolved`), if a page told of it.
    fn told_of(&self, name: &str, state: &str) -> Option<Value> {
        let pages = self.pages.lock().unwrap();
        let mut alerts = pages
            .iter()
            .flat_map(|page| page["alerts"].as_array().unwrap());
        alerts
            .find(|alert| alert["labels"]["alertname"] == name && alert["status"] == state)
            .cloned()
    }
}

/// What one request brings: a page for `/on-call`, in JSON.
async fn page(stream: TcpStream) -> Option<Value> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    let mut is_for_us = false;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let line = line.trim_end().to_lowercase();
        is_for_us |= line.starts_with("post /on-call ");
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.ok()?;
    serde_json::from_slice(&body).ok().filter(|_| is_for_us)
}

/// A program that runs until this handle is dropped.
struct Running(Child);

impl Running {
    /// Starts the first of these programs that is installed.
    fn start(names: &[&str], arguments: &[String]) -> Self {
        let mut started = names.iter().filter_map(|name| {
            let mut command = Command::new(name);
            command.args(arguments).stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().ok()
        });
        let child = started.next();
        Self(child.unwrap_or_else(|| panic!("none of {names:?} is installed; `bin/test` does it")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// One of our files with other words in it: what is waited for in minutes comes in seconds.
fn hurried(name: &str, folder: &Path, changes: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(file("monitoring").join(name)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{name}: {from}");
        text = text.replace(from, to);
    }
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn user_infra_001_4_s2_whoever_is_on_call_hears_of_failures_and_of_their_end() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let folder = data.path();
    let program = Program::start(&[
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", &KEY),
        ("DATA_DIR", folder.to_str().unwrap()),
    ])
    .await;
    let pager = Pager::start().await;
    let alertmanager = format!("127.0.0.1:{}", free_port());
    let prometheus = format!("127.0.0.1:{}", free_port());
    let stored = |name: &str| folder.join(name).to_str().unwrap().to_owned();

    let routing = [
        ("pager.internal", &*pager.address),
        ("group_wait: 10s", "group_wait: 1s"),
        ("group_interval: 1m", "group_interval: 1s"),
    ];
    let _alertmanager = Running::start(
        &["prometheus-alertmanager", "alertmanager"],
        &[
            format!(
                "--config.file={}",
                hurried("alertmanager.yml", folder, &routing)
            ),
            format!("--storage.path={}", stored("alertmanager")),
            format!("--web.listen-address={alertmanager}"),
            "--cluster.listen-address=".to_owned(),
        ],
    );
    hurried(
        "alerts.yml",
        folder,
        &[("for: 5m", "for: 2s"), ("[1m]", "[5s]")],
    );
    let scraping = [
        ("15s", "1s"),
        ("alertmanager:9093", &*alertmanager),
        (
            "users-1:8080, users-2:8080",
            program.url.trim_start_matches("http://"),
        ),
    ];
    let _prometheus = Running::start(
        &["prometheus"],
        &[
            format!(
                "--config.file={}",
                hurried("prometheus.yml", folder, &scraping)
            ),
            format!("--storage.tsdb.path={}", stored("prometheus")),
            format!("--web.listen-address={prometheus}"),
        ],
    );

    let api = Api::new(&program.url);
    let query = format!("http://{prometheus}/api/v1/query?query=up==1");
    let client = reqwest::Client::builder().tls_certs_only([]);
    let client = client.build().unwrap();
    eventually("Prometheus sees the service", || async {
        let told = client.get(&query).send().await.ok()?;
        let told: Value = told.json().await.ok()?;
        told["data"]["result"].as_array()?.first().cloned()
    })
    .await;
    api.get("/@nobody").await.expect(404);
    let name = "UsersServiceHighErrorRate";
    assert_eq!(pager.told_of(name, "firing"), None, "all is well");

    database.allow_connections(false).await;
    let page = eventually("a page", || async {
        api.get("/@nobody").await.expect(503);
        pager.told_of(name, "firing")
    })
    .await;
    assert_eq!(page["labels"]["severity"], "critical");
    assert_eq!(
        page["annotations"]["runbook_url"],
        format!("docs/runbooks/{name}.md")
    );

    database.allow_connections(true).await;
    eventually("word of the end", || async {
        api.get("/@nobody").await;
        pager.told_of(name, "resolved")
    })
    .await;
}
