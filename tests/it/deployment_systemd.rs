//! deploy/systemd: that the units fit the service and each other.

use crate::deployment::file;
use std::fs;
use users_service::config::VARIABLES;

fn unit(name: &str) -> String {
    fs::read_to_string(file(&format!("deploy/systemd/{name}"))).expect(name)
}

/// What a unit sets under this name.
fn value<'a>(unit: &'a str, name: &str) -> &'a str {
    let mut lines = unit.lines();
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("{name} is not set"))
}

#[test]
fn each_replica_has_a_socket_that_outlives_it() {
    let service = unit("users-service@.service");
    let socket = unit("users-service@.socket");
    assert_eq!(value(&service, "Requires"), "users-service@%i.socket");
    assert!(value(&socket, "ListenStream").contains("%i"));
    // systemd would take the socket away with the service that it belongs to.
    assert!(!socket.contains("BindsTo") && !socket.contains("PartOf"));
}

#[test]
fn hashing_may_stand_back() {
    let service = unit("users-service@.service");
    let filters = service
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="));
    // Each rule changes what those before it said.
    let mut is_allowed = false;
    for rule in filters {
        let (forbids, calls) = match rule.strip_prefix('~') {
            Some(calls) => (true, calls),
            None => (false, rule),
        };
        // The groups that setpriority(2) is in.
        let named = |call| ["@system-service", "@resources", "setpriority"].contains(&call);
        if calls.split(' ').any(named) {
            is_allowed = !forbids;
        }
    }
    assert!(is_allowed);
}

#[test]
fn its_settings_are_known_and_it_may_do_little() {
    let service = unit("users-service@.service");
    let named = service.split([' ', '\n', ',', ';', '=']).filter(|word| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    });
    for name in named {
        let is_known = VARIABLES.iter().any(|variable| variable.name == name);
        assert!(is_known || name.starts_with("AF_"), "{name}");
    }
    for (name, wanted) in [
        ("DynamicUser", "true"),
        ("NoNewPrivileges", "true"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        // The service raises its own limit of files; what it may not do must not kill it.
        ("SystemCallErrorNumber", "EPERM"),
    ] {
        assert_eq!(value(&service, name), wanted, "{name}");
    }
}
