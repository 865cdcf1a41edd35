//! What docs/security.md says can be looked up: every test and every file that it names exists.

use crate::sources;
use std::{collections::BTreeSet, fs};

/// What a row can say of its requirement.
const STATES: &[&str] = &["met", "partly", "planned", "gap", "operator"];

fn file(path: &str) -> Option<String> {
    fs::read_to_string(sources::path(path)).ok()
}

fn document() -> String {
    file("docs/security.md").unwrap()
}

/// What stands between backticks and looks like a test or a file of ours.
fn named(document: &str) -> Vec<&str> {
    let quoted = document.split('`').skip(1).step_by(2);
    let folders = [
        "src/",
        "crates/",
        "tests/",
        "bin/",
        "fuzz/",
        "docs/",
        "monitoring/",
        "migrations/",
        "deploy/",
    ];
    quoted
        .filter(|text| text.contains("::") || folders.iter().any(|folder| text.starts_with(folder)))
        .collect()
}

/// Whether a test `module::name` of the suite or of this crate, a test `path.rs::name`, or a path exists.
fn exists(name: &str) -> bool {
    let Some((home, test)) = name.rsplit_once("::") else {
        return sources::path(name).exists();
    };
    let homes = if home.ends_with(".rs") {
        vec![home.to_owned()]
    } else {
        ["tests/it", "crates/repo-tests/src"]
            .map(|folder| format!("{folder}/{home}.rs"))
            .into()
    };
    // Made by a macro or written out.
    let made = [format!("fn {test}("), format!("    {test}: ")];
    let mut sources = homes.iter().filter_map(|home| file(home));
    sources.any(|source| made.iter().any(|made| source.contains(made)))
}

/// The rows of its tables, without their heads.
fn rows(document: &str) -> Vec<Vec<&str>> {
    document
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .map(|line| line.trim_matches(['|', ' ']).split(" | ").collect())
        .collect()
}

#[test]
fn every_test_and_file_that_it_names_exists() {
    let document = document();
    let named = named(&document);
    assert!(named.len() > 100);
    let missing: Vec<_> = named.into_iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_requirement_comes_once_and_what_is_met_names_its_proof() {
    let document = document();
    let mut seen = BTreeSet::new();
    for row in rows(&document) {
        let [id, level, _, state, proof] = row[..] else {
            panic!("five cells: {row:?}");
        };
        assert!(seen.insert(id), "{id} comes twice");
        assert!(matches!(level, "1" | "2"), "{id}");
        assert!(STATES.contains(&state), "{id} is {state}");
        assert!(!proof.is_empty(), "{id}");
        assert!(
            state != "met" || !named(proof).is_empty(),
            "{id} names no proof"
        );
    }
    assert!(seen.len() > 120);
}

#[test]
fn its_line_of_numbers_counts_the_rows() {
    let document = document();
    let rows = rows(&document);
    let counted = STATES.iter().map(|state| {
        let of_state = rows.iter().filter(|row| row.get(3) == Some(state));
        format!("{} {state}", of_state.count())
    });
    let counted: Vec<_> = counted.collect();
    let line = format!("Of the requirements below: {}.", counted.join(", "));
    assert!(document.contains(&line), "{line}");
}

#[test]
fn what_is_not_there_is_noticed() {
    assert!(exists("src/lib.rs") && exists("security::what_is_not_there_is_noticed"));
    assert!(!exists("src/none.rs") && !exists("security::none") && !exists("none::none"));
}
