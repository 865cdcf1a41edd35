//! Every dependency has a licence that we can live with. Works offline.

use crate::sources;
use serde_json::Value;
use spdx::{Expression, LicenseReq, Licensee};
use std::{collections::HashSet, process::Command};

/// What may be part of the program.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// What may help with testing besides.
const ALLOWED_IN_TESTS: &[&str] = &["MPL-2.0"];

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(sources::path(""))
        .output()
        .expect("it starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What cargo knows of everything that is compiled on this kind of machine.
fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let version = output("rustc", &["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let metadata = [
        "metadata",
        "--offline",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        host,
    ];
    serde_json::from_str(&output(&cargo, &metadata)).unwrap()
}

/// The packages that end in the program: reached without a development dependency.
fn shipped(metadata: &Value) -> HashSet<String> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let mut waiting = vec![metadata["resolve"]["root"].as_str().unwrap().to_owned()];
    let mut seen = HashSet::new();
    while let Some(id) = waiting.pop() {
        let node = nodes.iter().find(|node| node["id"] == id.as_str()).unwrap();
        if !seen.insert(id) {
            continue;
        }
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                waiting.push(dependency["pkg"].as_str().unwrap().to_owned());
            }
        }
    }
    seen
}

fn satisfied(expression: &str, tests_only: bool) -> bool {
    let more = if tests_only { ALLOWED_IN_TESTS } else { &[] };
    let allowed = ALLOWED
        .iter()
        .chain(more)
        .map(|name| Licensee::parse(name).expect(name));
    let allowed: Vec<_> = allowed.collect();
    let fits = |wanted: &LicenseReq| allowed.iter().any(|licensee| licensee.satisfies(wanted));
    Expression::parse_mode(expression, spdx::ParseMode::LAX).is_ok_and(|e| e.evaluate(fits))
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let metadata = metadata();
    let shipped = shipped(&metadata);
    assert!(shipped.len() > 100);
    let mut refused = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let id = package["id"].as_str().unwrap();
        let expression = package["license"].as_str().unwrap_or("none");
        if !satisfied(expression, !shipped.contains(id)) {
            refused.push(format!(
                "{} {}: {expression}",
                package["name"], package["version"]
            ));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn the_check_itself_refuses() {
    assert!(satisfied("MIT OR GPL-3.0", false) && !satisfied("MIT AND GPL-3.0", false));
    assert!(!satisfied("none", false) && !satisfied("", false));
    assert!(satisfied("MPL-2.0", true) && !satisfied("MPL-2.0", false));
}
