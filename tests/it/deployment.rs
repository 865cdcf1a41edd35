//! compose.yaml, the monitoring beside it, and the image: that they fit the service.

use crate::support::KEY;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};
use users_service::{
    Config,
    config::{Environment, VARIABLES},
};

/// A file of the repository.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A YAML file of the repository.
pub fn yaml(path: &str) -> Value {
    let text = fs::read_to_string(file(path)).expect(path);
    serde_norway::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Insists that these settings are known and start a service in production. The key in them is a stand-in.
pub fn starts_in_production(settings: &Map<String, Value>) -> Config {
    let known: BTreeSet<_> = VARIABLES.iter().map(|variable| variable.name).collect();
    let mut map = HashMap::new();
    for (name, value) in settings {
        // Read by the TLS library.
        assert!(
            known.contains(name.as_str()) || name == "SSL_CERT_FILE",
            "no variable {name}"
        );
        map.insert(name.clone(), value.as_str().expect("a text").to_owned());
    }
    map.insert("JWT_PRIVATE_KEY".to_owned(), KEY.clone());
    let config = Config::from_map(&map).expect("a good configuration");
    assert_eq!(config.environment, Environment::Production);
    config
}

fn compose() -> Value {
    yaml("compose.yaml")
}

#[test]
fn compose_starts_both_replicas_in_production_behind_nginx() {
    let compose = compose();
    let replicas = &compose["x-users-service"];
    let settings = replicas["environment"].as_object().unwrap();
    let config = starts_in_production(settings);
    let nginx = &compose["services"]["nginx"]["networks"]["default"]["ipv4_address"];
    let trusted: Vec<_> = config
        .trusted_proxies
        .iter()
        .map(|net| net.addr().to_string())
        .collect();
    assert_eq!(trusted, [nginx.as_str().unwrap()], "nginx alone is trusted");
    let name = fs::read_to_string(file("nginx/site/name.conf")).unwrap();
    assert!(name.contains(&format!("$public_url {};", config.public_url)));

    let upstreams = fs::read_to_string(file("nginx/site/upstreams.conf")).unwrap();
    let scraped =
        yaml("monitoring/prometheus.yml")["scrape_configs"][0]["static_configs"][0]["targets"]
            .clone();
    for replica in ["users-1:8080", "users-2:8080"] {
        assert!(
            upstreams.contains(&format!("server {replica} ")),
            "{replica}"
        );
        assert!(
            scraped.as_array().unwrap().contains(&replica.into()),
            "{replica}"
        );
        assert!(
            compose["services"]
                .get(replica.trim_end_matches(":8080"))
                .is_some()
        );
    }
}

#[test]
fn what_compose_mounts_is_there() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap().values();
    let mounts =
        services.flat_map(|service| service["volumes"].as_array().cloned().unwrap_or_default());
    let mut found = 0;
    for mount in mounts {
        let source = mount
            .as_str()
            .unwrap()
            .split(':')
            .next()
            .unwrap()
            .to_owned();
        if source.starts_with('.') {
            assert!(file(&source).exists(), "{source}");
            found += 1;
        } else {
            assert!(compose["volumes"].get(&source).is_some(), "{source}");
        }
    }
    assert!(found >= 6, "{found} files and folders are mounted");
}

#[test]
fn one_service_of_compose_is_for_others_than_this_machine() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        for port in service["ports"].as_array().into_iter().flatten() {
            let is_local = port.as_str().unwrap().starts_with("127.0.0.1:");
            assert_eq!(is_local, name != "nginx", "{name}: {port}");
        }
    }
}
