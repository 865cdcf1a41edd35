//! `users-service doctor`: what is wrong around the service is named, with what to do about it.

use crate::support::{Database, KEY, TestApp, free_port, run};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Output,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::TcpListener,
};

/// A service that runs, and what `doctor` is told of it. All is well until a test breaks something.
pub struct Patient {
    /// The service.
    pub app: TestApp,
    /// Its signing key.
    pub key: PathBuf,
    settings: BTreeMap<String, String>,
    _folder: TempDir,
}

/// What `doctor` said.
pub struct Report {
    /// All of it.
    pub text: String,
    /// Its status.
    pub status: Option<i32>,
}

impl Patient {
    pub async fn healthy() -> Self {
        Self::on(Database::migrated().await).await
    }

    pub async fn on(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("jwt.pem");
        fs::write(&key, &*KEY).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        let path = key.to_str().unwrap();
        let app = TestApp::on(database, &[("JWT_PRIVATE_KEY", path)]).await;
        let settings = [
            ("APP_ENV", "production"),
            ("PUBLIC_URL", app.url.as_str()),
            ("DATABASE_URL", app.database.url()),
            ("DATABASE_POOL_SIZE", "5"),
            ("JWT_PRIVATE_KEY", path),
            ("EMAIL_URL", &app.sink.url),
            ("EMAIL_FROM", "Users Service <no-reply@example.org>"),
            ("DATA_DIR", app.data_dir.path().to_str().unwrap()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            settings: settings.into(),
            app,
            key,
            _folder: folder,
        }
    }

    /// What is said with some settings changed.
    pub async fn with(&self, changed: &[(&str, &str)]) -> Report {
        self.asked(&["doctor"], changed).await
    }

    /// What is said.
    pub async fn examined(&self) -> Report {
        self.with(&[]).await
    }

    async fn asked(&self, arguments: &'static [&'static str], changed: &[(&str, &str)]) -> Report {
        let mut settings = self.settings.clone();
        settings.extend(
            changed
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
        );
        // The service that is asked runs on this thread.
        let work = move || {
            let settings: Vec<_> = settings.iter().map(|(n, v)| (&**n, &**v)).collect();
            run(arguments, &settings)
        };
        tokio::task::spawn_blocking(work).await.unwrap().into()
    }
}

impl From<Output> for Report {
    fn from(output: Output) -> Self {
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        Self {
            text: String::from_utf8(output.stdout).unwrap(),
            status: output.status.code(),
        }
    }
}

impl Report {
    /// Insists on a line that begins so and has these words too.
    #[track_caller]
    pub fn says(&self, level: &str, check: &str, words: &[&str]) {
        let begin = format!("{level:<5}  {check}: ");
        let said = self
            .text
            .lines()
            .any(|line| line.starts_with(&begin) && words.iter().all(|word| line.contains(word)));
        assert!(said, "{begin}{words:?}\n{}", self.text);
        if level == "wrong" {
            assert_eq!(self.status, Some(1), "{}", self.text);
        }
        if level != "ok" {
            let what_to_do = self.text.lines().filter(|line| line.starts_with(&begin));
            assert!(
                what_to_do.clone().all(|line| line.contains(" -> ")),
                "{}",
                self.text
            );
        }
    }

    /// Insists that nothing but these checks found anything.
    #[track_caller]
    pub fn is_well_but_for(&self, checks: &[&str]) {
        for line in self.text.lines() {
            let (level, rest) = line.split_once("  ").unwrap();
            let (check, _) = rest.trim_start().split_once(": ").unwrap();
            assert!(level.trim() == "ok" || checks.contains(&check), "{line}");
        }
    }
}

#[tokio::test]
async fn when_all_is_well_every_check_says_so_and_nothing_is_changed() {
    let patient = Patient::healthy().await;
    let ana = patient.app.person("ana").await;
    let bob = patient.app.person("bob").await;
    patient
        .app
        .api()
        .of(&ana)
        .act(&format!("/users/{}/follow", bob.id))
        .await
        .expect(201);
    patient.app.mails_are_out().await;
    let before = patient.app.dump().await;
    let report = patient.examined().await;
    // The tests' PostgreSQL is fast and forgetful, and a machine may give few files.
    report.says(
        "warn",
        "durability",
        &["fsync", "loses what was acknowledged"],
    );
    report.is_well_but_for(&["durability", "open files"]);
    for check in [
        "configuration",
        "limits",
        "DATA_DIR",
        "avatars",
        "keys",
        "mail",
        "proxies",
        "PUBLIC_URL",
        "database",
        "clock",
        "connections",
        "replication",
        "DATABASE_READ_URL",
        "rights",
        "migrations",
        "schema",
        "counters",
        "mail queue",
        "janitor",
    ] {
        report.says("ok", check, &[]);
    }
    report.says("ok", "counters", &["all of 2 people"]);
    assert_eq!(report.status, Some(0));
    assert_eq!(patient.app.dump().await, before);
    assert!(patient.app.sink.mails_to("no-reply@example.org").is_empty());
    let json = patient.asked(&["doctor", "--json"], &[]).await;
    let found: Vec<Value> = json
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(found.len(), report.text.lines().count());
    assert_eq!(found[0]["check"], "configuration");
    assert_eq!(found[0]["finding"]["level"], "ok");
}

#[tokio::test]
async fn a_bad_configuration_is_told_in_whole() {
    let patient = Patient::healthy().await;
    let bad = [
        ("DATABASE_POOL_SIZE", "many"),
        ("LOG_FORMAT", "xml"),
        ("TRUSTED_PROXIES", "here"),
    ];
    let report = patient.with(&bad).await;
    for (variable, _) in bad {
        report.says("wrong", "configuration", &[variable, "help variables"]);
    }
    assert_eq!(report.text.lines().count(), 3, "{}", report.text);
}

#[tokio::test]
async fn with_nothing_configured_nothing_is_wrong_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let address = format!("127.0.0.1:{}", free_port());
    let settings = [
        ("DATA_DIR", data.to_str().unwrap()),
        ("LISTEN_ADDR", &address),
    ];
    let report = Report::from(run(&["doctor"], &settings));
    assert_eq!(report.status, Some(0), "{}", report.text);
    report.says(
        "warn",
        "configuration",
        &[
            "a development set-up",
            "APP_ENV=production, DATABASE_URL, JWT_PRIVATE_KEY, EMAIL_URL",
        ],
    );
    report.says("ok", "DATA_DIR", &["made at first use"]);
    report.says("warn", "database", &["DATABASE_URL"]);
    report.says("warn", "PUBLIC_URL", &["does not answer"]);
    assert!(!data.exists());
}

#[tokio::test]
async fn without_a_database_the_other_checks_go_on() {
    let patient = Patient::healthy().await;
    let gone = ("DATABASE_URL", "postgres://ana:hunter22@127.0.0.1:1/users");
    let report = patient.with(&[gone]).await;
    report.says(
        "wrong",
        "database",
        &["can't be reached", "start PostgreSQL"],
    );
    report.says("ok", "mail", &[]);
    assert!(!report.text.contains("schema:"), "{}", report.text);
    assert!(!report.text.contains("hunter22"));
}

/// A mail server that refuses every log-in and repeats what was sent to it.
async fn parrot() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufStream::new(stream);
            let mut answer = "220 parrot\r\n".to_owned();
            loop {
                let said = async {
                    stream.write_all(answer.as_bytes()).await?;
                    stream.flush().await
                };
                let mut line = String::new();
                if said.await.is_err() || stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    break;
                }
                answer = if line.starts_with("EHLO") {
                    "250-parrot\r\n250 AUTH PLAIN\r\n".to_owned()
                } else {
                    format!("535 {} is wrong, so is hunter22\r\n", line.trim_end())
                };
            }
        }
    });
    port
}

#[tokio::test]
async fn no_secret_is_told_whatever_goes_wrong() {
    let patient = Patient::healthy().await;
    let login = format!("smtp://ana:hunter22@127.0.0.1:{}?tls=none", parrot().await);
    let settings = [
        (
            "DATABASE_URL",
            &*patient
                .app
                .database
                .url()
                .replace("postgres@", "nobody:hunter22@"),
        ),
        ("EMAIL_URL", &login),
        ("EMAIL_API_KEY", "hunter22"),
        ("JWT_PRIVATE_KEY", &*KEY),
    ];
    for arguments in [&["doctor"][..], &["doctor", "--json"]] {
        let report = patient.asked(arguments, &settings).await;
        assert_eq!(report.status, Some(1));
        assert!(report.text.contains("535"), "{}", report.text);
        // AUTH PLAIN: "\0ana\0hunter22".
        for secret in [
            "hunter22",
            "AGFuYQBodW50ZXIyMg==",
            "PRIVATE KEY",
            &KEY[100..140],
        ] {
            assert!(!report.text.contains(secret), "{secret}: {}", report.text);
        }
    }
}

#[tokio::test]
async fn a_server_that_never_answers_holds_nobody_up() {
    let patient = Patient::healthy().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().map(|addr| (addr, silent)).unwrap();
    let (mails, database) = (
        format!("smtp://{}?tls=none", silent.0),
        format!("postgres://{}/users?sslmode=disable", silent.0),
    );
    let settings = [("EMAIL_URL", &*mails), ("DATABASE_URL", &*database)];
    let report = patient.with(&settings).await;
    report.says("wrong", "mail", &["no answer within 10 seconds"]);
    report.says("wrong", "database", &["no answer within 10 seconds"]);
    report.says("ok", "PUBLIC_URL", &[]);
}
