//! `/metrics`: names, labels, and what the alert rules count.

use crate::support::{Answer, Api, Database, KEY, Program, Watched, eventually};
use serde_json::json;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

type Labels = BTreeMap<String, String>;

/// All samples of a metric: labels and value.
fn samples(scrape: &Answer, metric: &str) -> Vec<(Labels, f64)> {
    let text = scrape.text();
    let lines = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(metric)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        let pairs = labels
            .split("\",")
            .filter_map(|pair| pair.split_once("=\""));
        let pairs = pairs.map(|(k, v)| (k.to_owned(), v.trim_end_matches('"').to_owned()));
        Some((pairs.collect(), value.trim().parse().expect("a number")))
    });
    lines.collect()
}

/// How many requests were counted with this method, path and status.
fn counted(scrape: &Answer, method: &str, path: &str, status: &str) -> f64 {
    let all = samples(scrape, "http_requests_total").into_iter();
    let same = all.filter(|(labels, _)| {
        labels["method"] == method && labels["path"] == path && labels["status"] == status
    });
    same.map(|(_, value)| value).sum()
}

impl Watched {
    async fn scrape(&self) -> Answer {
        self.api.get("/metrics").await.expect(200)
    }
}

#[tokio::test]
async fn requests_are_counted_and_timed_by_method_route_and_status() {
    let watched = Watched::start().await;
    let api = &watched.api;
    let id = uuid::Uuid::new_v4();
    for _ in 0..3 {
        api.get(&format!("/users/{id}")).await.expect(404);
    }
    api.get("/users/nobody").await.expect(404);
    api.act(&format!("/users/{id}/follow")).await.expect(401);
    api.get(&format!("/users/{id}/followers?page=1"))
        .await
        .expect(401);
    api.get("/@nobody").await.expect(404);
    api.get("/avatars/nothing.jpg").await.expect(404);
    api.get("/secret-path-1").await.expect(404);
    api.get("/secret-path-2").await.expect(404);
    api.request("FOO", "/users/me").send().await.expect(405);
    api.get("/login").await.expect(200);
    let scrape = watched.scrape().await;
    assert!(
        scrape
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    for (method, path, status, expected) in [
        ("GET", "/users/{id}", "404", 4.0),
        ("POST", "/users/{id}/follow", "401", 1.0),
        ("GET", "/users/{id}/followers", "401", 1.0),
        ("GET", "/@{username}", "404", 1.0),
        ("GET", "/avatars/{name}", "404", 1.0),
        ("GET", "/login", "200", 1.0),
    ] {
        assert_eq!(
            counted(&scrape, method, path, status),
            expected,
            "{method} {path} {status}"
        );
        let times = samples(&scrape, "http_request_duration_seconds_count");
        let timed = times.iter().find(|(labels, _)| {
            labels["method"] == method && labels["path"] == path && labels["status"] == status
        });
        assert_eq!(timed.map(|(_, value)| *value), Some(expected), "{path}");
    }
    assert!(!samples(&scrape, "http_request_duration_seconds_bucket").is_empty());
    for (labels, _) in samples(&scrape, "http_requests_total") {
        assert_eq!(
            labels.keys().collect::<Vec<_>>(),
            ["method", "path", "status"]
        );
        assert_ne!(
            labels["method"], "FOO",
            "methods that clients invent are no series"
        );
    }
    let text = scrape.text();
    for raw in ["secret-path", &id.to_string(), "nobody", "nothing.jpg", "?"] {
        let label = text
            .lines()
            .find(|line| line.starts_with("http_") && line.contains(raw));
        assert_eq!(label, None, "never a raw path");
    }
}

#[tokio::test]
async fn there_are_gauges_of_the_pool_the_mails_and_the_hashes() {
    let watched = Watched::start().await;
    for word in ["pool", "mail", "password"] {
        eventually(&format!("a gauge of {word}"), || async {
            let text = watched.scrape().await.text();
            let mut types = text.lines().filter(|line| line.starts_with("# TYPE"));
            types
                .find(|line| line.contains(word) && line.ends_with(" gauge"))
                .map(str::to_owned)
        })
        .await;
    }
}

#[tokio::test]
async fn user_infra_001_4_s2_server_errors_are_counted_for_the_alert() {
    let watched = Watched::start().await;
    watched.database.allow_connections(false).await;
    let api = &watched.api;
    api.get("/health").await.expect(503);
    api.get("/@ana").await.expect(503);
    api.get("/livez").await.expect(200);
    let scrape = watched.scrape().await;
    assert_eq!(counted(&scrape, "GET", "/health", "503"), 1.0);
    assert_eq!(counted(&scrape, "GET", "/@{username}", "503"), 1.0);
    let all = samples(&scrape, "http_requests_total");
    let failed: f64 = all
        .iter()
        .filter(|(l, _)| l["status"].starts_with('5'))
        .map(|(_, v)| v)
        .sum();
    let total: f64 = all.iter().map(|(_, value)| value).sum();
    assert!(
        failed / total > 0.01 && failed >= 2.0,
        "{failed} of {total}"
    );
}

#[tokio::test]
async fn user_infra_002_4_s1_refused_log_ins_are_counted_on_both_doors() {
    let watched = Watched::start().await;
    let api = &watched.api;
    let typed = json!({ "email": "nobody@example.org", "password": "whatever" });
    for _ in 0..2 {
        api.post("/auth/login", typed.clone()).await.expect(401);
    }
    let mut visitor = crate::support::Visitor::new(&watched.program.url, &public_url(&watched));
    visitor.open("/login").await;
    let typed = [("Email", "nobody@example.org"), ("Password", "whatever")];
    assert_eq!(visitor.send("Log in", &typed).await.status, 401);
    let scrape = watched.scrape().await;
    assert_eq!(counted(&scrape, "POST", "/auth/login", "401"), 2.0);
    assert_eq!(counted(&scrape, "POST", "/login", "401"), 1.0);
}

fn public_url(watched: &Watched) -> String {
    watched.program.url.replace("127.0.0.1", "localhost")
}

#[tokio::test]
async fn user_infra_004_4_s1_the_follow_endpoints_are_counted_like_all_others() {
    let watched = Watched::start().await;
    let claims_of_nobody = {
        use users_service::{Config, crypto::Keys};
        let settings = [
            ("PUBLIC_URL".to_owned(), public_url(&watched)),
            ("JWT_PRIVATE_KEY".to_owned(), KEY.clone()),
        ];
        let config = Config::from_map(&settings.into_iter().collect()).unwrap();
        let keys = Keys::new(&config, &KEY).unwrap();
        let now = users_service::clock::Clock::default().now();
        keys.issue(
            uuid::Uuid::new_v4(),
            uuid::Uuid::new_v4(),
            "a@example.org",
            &["user".to_owned()],
            now,
        )
        .unwrap()
    };
    watched.database.allow_connections(false).await;
    let api = watched.api.bearer(&claims_of_nobody);
    let path = format!("/users/{}/follow", uuid::Uuid::new_v4());
    api.act(&path).await.error(503, "SERVICE_UNAVAILABLE");
    api.delete(&path).await.error(503, "SERVICE_UNAVAILABLE");
    let scrape = watched.scrape().await;
    assert_eq!(counted(&scrape, "POST", "/users/{id}/follow", "503"), 1.0);
    assert_eq!(counted(&scrape, "DELETE", "/users/{id}/follow", "503"), 1.0);
}

#[tokio::test]
async fn what_the_alerts_count_starts_at_zero_so_that_the_first_one_is_a_rise() {
    let watched = Watched::start().await;
    let scrape = watched.scrape().await;
    let all = samples(&scrape, "http_requests_total");
    for path in ["/auth/login", "/login"] {
        for status in ["401", "500", "503"] {
            let one = all.iter().find(|(labels, _)| {
                labels["method"] == "POST" && labels["path"] == path && labels["status"] == status
            });
            assert_eq!(one.map(|(_, value)| *value), Some(0.0), "{path} {status}");
        }
    }
    let document = watched.api.get("/openapi.json").await.json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let of_it = all.iter().filter(|(labels, value)| {
                labels["method"] == method && labels["path"] == *path && *value == 0.0
            });
            let statuses: Vec<_> = of_it.map(|(labels, _)| &*labels["status"]).collect();
            for status in ["500", "503"] {
                assert!(statuses.contains(&status), "{method} {path} {status}");
            }
        }
    }
    let refusals = samples(&scrape, "rate_limited_total");
    assert!(refusals.iter().all(|(_, value)| *value == 0.0));
    let actions: Vec<_> = refusals
        .iter()
        .map(|(labels, _)| &*labels["action"])
        .collect();
    for action in [
        "confirm_password",
        "follow",
        "forgot_password",
        "log_in",
        "refresh",
        "register",
        "resend",
        "reset_password",
    ] {
        assert!(actions.contains(&action), "{action}");
    }
}

#[tokio::test]
async fn failures_of_a_route_are_zero_from_its_first_success_on() {
    let watched = Watched::start().await;
    watched.api.get("/login").await.expect(200);
    let scrape = watched.scrape().await;
    for status in ["500", "503"] {
        let all = samples(&scrape, "http_requests_total");
        let one = all.iter().find(|(labels, _)| {
            labels["method"] == "GET" && labels["path"] == "/login" && labels["status"] == status
        });
        assert_eq!(one.map(|(_, value)| *value), Some(0.0), "{status}");
    }
}

#[tokio::test]
async fn the_signing_key_is_as_old_as_its_file() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let key = data.path().join("key.pem");
    std::fs::write(&key, &*KEY).unwrap();
    let made = SystemTime::now() - Duration::from_hours(400 * 24);
    let file = std::fs::File::options().append(true).open(&key).unwrap();
    file.set_modified(made).unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("JWT_PRIVATE_KEY", key.to_str().unwrap()),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ];
    let program = Program::start(&settings).await;
    let scrape = Api::new(&program.url).get("/metrics").await.expect(200);
    let days = samples(&scrape, "signing_key_age_seconds")[0].1 / 86_400.0;
    assert!((400.0..400.1).contains(&days), "{days}");

    let watched = Watched::start().await;
    let scrape = watched.scrape().await;
    assert!(
        samples(&scrape, "signing_key_age_seconds").is_empty(),
        "nobody knows the age of a key that is in no file"
    );
}
