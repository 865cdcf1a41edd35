//! The alert rules, tried with Prometheus's own tools; their runbooks and panels.

use crate::{
    deployment::{file, yaml},
    support::{Api, Database, KEY, Program, eventually},
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const MISSING: &str = "promtool and amtool must be installed; `bin/test` installs them";

fn monitoring() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("monitoring")
}

/// What a tool answers; it must succeed.
#[track_caller]
fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(monitoring())
        .output()
        .expect(MISSING);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {told}{wrong}"
    );
    told
}

#[track_caller]
fn succeeds(program: &str, arguments: &[&str]) {
    told(program, arguments);
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Every rule of every group, alerts and recorded ones.
fn rules() -> Vec<Value> {
    let groups = yaml("monitoring/alerts.yml")["groups"].clone();
    let groups = groups.as_array().unwrap().iter();
    groups
        .flat_map(|group| group["rules"].as_array().unwrap().clone())
        .collect()
}

/// Every alert by its name.
fn alerts() -> Vec<(String, Value)> {
    let alerts = rules().into_iter().filter(|rule| rule["alert"].is_string());
    alerts.map(|rule| (text(&rule["alert"]), rule)).collect()
}

/// The rule with this name, as text.
#[track_caller]
fn rule(name: &str) -> String {
    let rules = fs::read_to_string(monitoring().join("alerts.yml")).unwrap();
    let rule = rules
        .split("- alert:")
        .find(|rule| rule.split_whitespace().next() == Some(name));
    rule.expect(name).to_owned()
}

#[test]
fn user_infra_001_4_s2_the_rules_fire_when_they_should() {
    succeeds("promtool", &["check", "rules", "alerts.yml"]);
    succeeds("promtool", &["test", "rules", "alerts_test.yml"]);
    succeeds("promtool", &["test", "rules", "alerts_budget_test.yml"]);
}

#[test]
fn every_rule_is_critical_after_5_minutes() {
    for name in [
        "UsersServiceHighErrorRate",
        "UsersServiceLoginUnauthorizedSpike",
        "UsersServiceDown",
    ] {
        let rule = rule(name);
        for words in ["for: 5m", "severity: critical", "users-service"] {
            assert!(rule.contains(words), "{name}: {words}");
        }
    }
}

#[test]
fn user_infra_002_4_s1_the_rule_looks_at_both_doors() {
    let rule = rule("UsersServiceLoginUnauthorizedSpike");
    for words in [
        "http_requests_total",
        "POST",
        "/auth/login",
        "/login",
        "401",
        "0.01",
    ] {
        assert!(rule.contains(words), "{words}");
    }
}

#[test]
fn user_infra_004_4_s1_the_rule_is_over_all_endpoints() {
    let rule = rule("UsersServiceHighErrorRate");
    for words in ["http_requests_total", "5..", "0.01"] {
        assert!(rule.contains(words), "{words}");
    }
    assert!(
        !rule.contains("path=") && !rule.contains("follow"),
        "no endpoint is picked out"
    );
}

/// Who is told of an alert with these labels, by amtool.
fn receiver(labels: &[String]) -> String {
    let mut arguments = vec!["config", "routes", "test", "--config.file=alertmanager.yml"];
    arguments.extend(labels.iter().map(String::as_str));
    told("amtool", &arguments).trim().to_owned()
}

#[test]
fn what_is_critical_pages_and_warnings_become_tickets() {
    succeeds("amtool", &["check-config", "alertmanager.yml"]);
    for (name, alert) in alerts() {
        let severity = alert["labels"]["severity"].as_str().expect(&name);
        let expected = match severity {
            "critical" => "on-call",
            "warning" => "tickets",
            other => panic!("{name}: {other}"),
        };
        let labels = [format!("alertname={name}"), format!("severity={severity}")];
        assert_eq!(receiver(&labels), expected, "{name}");
    }
    let unsorted = ["alertname=Other".to_owned()];
    assert_eq!(receiver(&unsorted), "on-call", "what nobody sorted");
}

#[test]
fn every_receiver_is_reached_by_some_alert() {
    let routing = yaml("monitoring/alertmanager.yml");
    let receivers = routing["receivers"].as_array().unwrap();
    let names: BTreeSet<_> = receivers.iter().map(|one| text(&one["name"])).collect();
    let reached = alerts()
        .into_iter()
        .map(|(_, alert)| receiver(&[format!("severity={}", text(&alert["labels"]["severity"]))]));
    assert_eq!(names, reached.collect());
}

#[test]
fn every_alert_has_a_runbook_and_a_panel_and_no_runbook_is_left_over() {
    let panels = yaml("monitoring/grafana/users-service.json")["panels"].to_string();
    let mut runbooks = BTreeSet::new();
    for (name, alert) in alerts() {
        let path = format!("docs/runbooks/{name}.md");
        assert_eq!(text(&alert["annotations"]["runbook_url"]), path);
        let page = fs::read_to_string(file(&path)).expect(&path);
        let begin = format!("# {name}\n");
        assert!(page.starts_with(&begin), "{path}");
        assert!(
            page.contains("## Look at\n") && page.contains("## Do\n"),
            "{path}"
        );
        let mut words = panels.split(|c: char| !c.is_alphanumeric());
        assert!(words.any(|word| word == name), "{name} has no panel");
        runbooks.insert(format!("{name}.md"));
    }
    let folder = fs::read_dir(file("docs/runbooks")).unwrap();
    let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), runbooks);
}

#[test]
fn runbooks_name_panels_and_pages_that_exist() {
    let dashboard = yaml("monitoring/grafana/users-service.json");
    let panels = dashboard["panels"].as_array().unwrap();
    let titles: Vec<_> = panels.iter().map(|panel| text(&panel["title"])).collect();
    for (name, _) in alerts() {
        let page = fs::read_to_string(file(&format!("docs/runbooks/{name}.md"))).unwrap();
        for title in page.split('*').skip(1).step_by(2) {
            assert!(titles.iter().any(|one| one == title), "{name}: {title}");
        }
        for link in page.split("](").skip(1) {
            let (target, _) = link.split_once(')').unwrap();
            assert!(
                file("docs/runbooks").join(target).exists(),
                "{name}: {target}"
            );
        }
    }
}

/// What rules and panels ask Prometheus for.
fn expressions() -> Vec<String> {
    let dashboard = yaml("monitoring/grafana/users-service.json");
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let of_panels = targets.map(|target| text(&target["expr"]));
    let of_rules = rules().into_iter().map(|rule| text(&rule["expr"]));
    of_rules.chain(of_panels).collect()
}

#[test]
fn every_expression_is_about_this_service_and_what_it_needs_is_recorded() {
    let recorded: BTreeSet<_> = rules()
        .iter()
        .filter_map(|rule| rule["record"].as_str().map(str::to_owned))
        .collect();
    for expression in expressions() {
        let words = expression.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let ours: Vec<_> = words
            .filter(|word| word.starts_with("users_service:"))
            .collect();
        assert!(
            expression.contains(r#"job="users-service"#) || !ours.is_empty(),
            "{expression}"
        );
        assert!(
            ours.iter().all(|name| recorded.contains(*name)),
            "{expression}"
        );
    }
}

/// The metrics that are named in front of a brace, e.g. `up` in `up{job="users-service"}`.
fn metrics_in(expression: &str) -> BTreeSet<String> {
    let before = expression.split('{').rev().skip(1);
    before
        .map(|text| {
            let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            text[start.map_or(0, |at| at + 1)..].to_owned()
        })
        .collect()
}

#[tokio::test]
async fn every_metric_that_is_watched_is_there_from_the_start() {
    let database = Database::migrated().await;
    let data = tempfile::tempdir().unwrap();
    let key = data.path().join("key.pem");
    fs::write(&key, &*KEY).unwrap();
    let settings = [
        ("DATABASE_URL", database.url()),
        ("DATABASE_READ_URL", database.url()),
        ("JWT_PRIVATE_KEY", key.to_str().unwrap()),
        ("DATA_DIR", data.path().to_str().unwrap()),
    ];
    let program = Program::start(&settings).await;
    let mut watched: BTreeSet<_> = expressions().iter().flat_map(|e| metrics_in(e)).collect();
    // Prometheus's own, and the blackbox exporter's.
    assert!(watched.remove("up") && watched.remove("probe_ssl_earliest_cert_expiry"));
    assert!(watched.len() >= 9, "{watched:?}");
    eventually("every watched metric", || async {
        let scrape = Api::new(&program.url)
            .get("/metrics")
            .await
            .expect(200)
            .text();
        watched
            .iter()
            .all(|metric| {
                scrape.lines().any(|line| {
                    line.strip_prefix(metric.as_str())
                        .is_some_and(|rest| rest.starts_with(['{', ' ']))
                })
            })
            .then_some(())
    })
    .await;
}

#[test]
fn the_service_is_scraped_every_15_seconds() {
    let scraping = fs::read_to_string(monitoring().join("prometheus.yml")).unwrap();
    assert!(scraping.contains("job_name: users-service"));
    assert!(scraping.contains("scrape_interval: 15s"));
    succeeds("promtool", &["check", "config", "prometheus.yml"]);
    succeeds("promtool", &["check", "config", "certificate.example.yml"]);
}
