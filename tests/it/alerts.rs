//! The alert rules, tried with Prometheus's own tools.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const MISSING: &str = "promtool and amtool must be installed; `bin/test` installs them";

fn monitoring() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("monitoring")
}

#[track_caller]
fn succeeds(program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(monitoring())
        .output()
        .expect(MISSING);
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {told}");
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

#[test]
fn alerts_are_routed_to_whoever_is_on_call() {
    succeeds("amtool", &["check-config", "alertmanager.yml"]);
    let routing = fs::read_to_string(monitoring().join("alertmanager.yml")).unwrap();
    assert!(routing.contains("receiver: on-call") && routing.contains("name: on-call"));
}

#[test]
fn the_service_is_scraped_every_15_seconds() {
    let scraping = fs::read_to_string(monitoring().join("prometheus.yml")).unwrap();
    assert!(scraping.contains("job_name: users-service"));
    assert!(scraping.contains("scrape_interval: 15s"));
    succeeds("promtool", &["check", "config", "prometheus.yml"]);
}
