//! Every scenario of the user stories is named by a test.

use crate::sources;
use std::fs;

#[test]
fn every_scenario_is_named_by_a_test() {
    let tests = sources::below(&sources::path("tests/it"));
    let source: String = tests
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let ids: Vec<_> = include_str!("scenarios.txt").split_whitespace().collect();
    assert_eq!(ids.len(), 52);
    let unnamed = ids.iter().filter(|id| {
        let name = id.to_lowercase().replace(['-', '.'], "_");
        !source.contains(&format!("fn {name}_"))
    });
    let unnamed: Vec<_> = unnamed.collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}
