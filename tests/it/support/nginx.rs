//! A real nginx with the configuration that is shipped: only ports, names of files, addresses of the
//! services, and the length of a wait are the test's.

use super::{Api, Visitor, api, certificate::make_certificate, eventually, free_port};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;
use tokio::net::TcpStream;

const MISSING: &str = "nginx and openssl must be installed; `bin/test` installs them";
/// Runs nginx until the input ends, which it does with this process at the latest.
const KEEPER: &str = r#"nginx "$@" & cat >/dev/null; kill "$!"; wait"#;

/// A place for an nginx: its ports are known before the services behind it start.
pub struct Door {
    /// What people type: the `PUBLIC_URL` of the services behind it.
    pub url: String,
    tls: SocketAddr,
    plain: SocketAddr,
    folder: TempDir,
    limited: bool,
}

/// The services behind an nginx.
pub struct Behind<'a> {
    /// Replicas of the Users Service.
    pub users: &'a [SocketAddr],
    /// The Posts Service.
    pub posts: SocketAddr,
    /// The Messaging Service.
    pub messaging: SocketAddr,
}

/// A running nginx; ends with this handle.
pub struct Nginx {
    /// Where it speaks TLS, such as `https://localhost:20123`.
    pub url: String,
    /// Where it speaks TLS.
    pub tls: SocketAddr,
    /// Where it speaks plain http.
    pub plain: SocketAddr,
    folder: TempDir,
    keeper: Child,
}

impl Door {
    /// Chooses the ports.
    pub fn new() -> Self {
        let (tls, plain) = (free_port(), free_port());
        Self {
            url: format!("https://localhost:{tls}"),
            tls: SocketAddr::from(([127, 0, 0, 1], tls)),
            plain: SocketAddr::from(([127, 0, 0, 1], plain)),
            folder: tempfile::tempdir().expect("a folder"),
            limited: true,
        }
    }

    /// The same, which lets a load from one address through and waits for slow clients as shipped.
    pub fn unlimited() -> Self {
        Self {
            limited: false,
            ..Self::new()
        }
    }

    /// Writes the configuration down. Slow clients are waited for a second instead of ten.
    pub fn write(&self, behind: &Behind) {
        let to = self.folder.path();
        copy(&shipped(), to);
        make_certificate(to);
        let (tls, plain) = (self.tls, self.plain);
        let site = [
            ("process", "worker_processes 1; pid nginx.pid;".to_owned()),
            (
                "listen_default",
                format!("listen {tls} ssl http2 default_server;"),
            ),
            ("listen_plain", format!("listen {plain};")),
            (
                "name",
                format!("server_name localhost; set $public_url {};", self.url),
            ),
            (
                "listen",
                format!(
                    "listen {tls} ssl http2; ssl_certificate tls.crt; ssl_certificate_key tls.key;"
                ),
            ),
        ];
        for (name, text) in site {
            fs::write(to.join(format!("site/{name}.conf")), text).expect("a file");
        }
        change(
            &to.join("site/paths.conf"),
            &[
                ("/dev/stdout", "access.log"),
                ("/var/cache/nginx/files", "cache"),
            ],
        );
        let limits = if self.limited {
            ("_timeout 10s", "_timeout 1s")
        } else {
            ("r/m;", "0r/s;")
        };
        change(&to.join("site/limits.conf"), &[limits]);
        let users: Vec<_> = behind.users.iter().map(ToString::to_string).collect();
        let (first, second) = (users.first().expect("a replica"), users.get(1));
        let (posts, messaging) = (behind.posts.to_string(), behind.messaging.to_string());
        let absent = format!("{first} down");
        change(
            &to.join("site/upstreams.conf"),
            &[
                ("users-1:8080", first),
                ("users-2:8080", second.unwrap_or(&absent)),
                ("127.0.0.1:8081", &posts),
                ("127.0.0.1:8082", &messaging),
            ],
        );
    }

    /// `nginx -t`
    pub fn check(&self) -> Output {
        let mut command = Command::new("nginx");
        command.args(arguments(self.folder.path())).arg("-t");
        command.output().expect(MISSING)
    }

    /// Starts it.
    pub async fn open(self, behind: &Behind<'_>) -> Nginx {
        self.write(behind);
        let check = self.check();
        assert!(
            check.status.success(),
            "{}",
            String::from_utf8_lossy(&check.stderr)
        );
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .args(arguments(self.folder.path()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh");
        let tls = self.tls;
        eventually("nginx listens", || async move {
            TcpStream::connect(tls).await.ok()
        })
        .await;
        Nginx {
            url: self.url,
            tls,
            plain: self.plain,
            folder: self.folder,
            keeper,
        }
    }
}

impl Nginx {
    /// An nginx before the replicas at these addresses, with nobody at the other services.
    pub async fn before(users: &[SocketAddr]) -> Self {
        Self::open(Door::new(), users).await
    }

    /// The same, at a place of one's own.
    pub async fn open(door: Door, users: &[SocketAddr]) -> Self {
        let nobody = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let behind = Behind {
            users,
            posts: nobody,
            messaging: nobody,
        };
        door.open(&behind).await
    }

    /// A client of the JSON API.
    pub fn api(&self) -> Api {
        Api::with(self.client().build().expect("a client"), &self.url)
    }

    /// A client that keeps one connection, over HTTP/1.1.
    pub fn connection(&self) -> Api {
        let client = self.client().http1_only();
        Api::with(client.build().expect("a client"), &self.url)
    }

    /// The same, from another address of this machine: 127.0.0.`last`.
    pub fn api_from(&self, last: u8) -> Api {
        let client = self
            .client()
            .local_address(std::net::IpAddr::from([127, 0, 0, last]));
        Api::with(client.build().expect("a client"), &self.url)
    }

    /// Somebody in front of a browser.
    pub fn visitor(&self) -> Visitor {
        Visitor::with(self.client().build().expect("a client"), &self.url)
    }

    /// The certificate that it shows.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    /// The lines of its access log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("access.log")).expect("a log")
    }

    fn client(&self) -> reqwest::ClientBuilder {
        let pem = fs::read(self.certificate()).expect("a certificate");
        let certificate = reqwest::Certificate::from_pem(&pem).expect("a certificate");
        api::bare_client()
            .tls_certs_only([certificate])
            .resolve("localhost", self.tls)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}

/// The configuration of this repository.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("nginx")
}

fn arguments(folder: &Path) -> [String; 6] {
    let folder = folder.to_str().expect("UTF-8");
    // As root nginx would go on as somebody who can't read the test's folder.
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let user = if is_root { "user root;" } else { "" };
    [
        "-p",
        folder,
        "-c",
        "nginx.conf",
        "-g",
        &format!("{user} daemon off;"),
    ]
    .map(str::to_owned)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the shipped configuration") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Replaces words of a file, each of which must be there.
fn change(file: &Path, words: &[(&str, &str)]) {
    let mut text = fs::read_to_string(file).expect("a file");
    for (from, to) in words {
        assert!(text.contains(from), "{from} is not in {}", file.display());
        text = text.replace(from, to);
    }
    fs::write(file, text).expect("a file");
}
