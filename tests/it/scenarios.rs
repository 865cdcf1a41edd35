//! Every scenario of the user stories is named by a test.

use std::{fs, path::Path};

#[test]
fn every_scenario_is_named_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let sources = files.filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    let source: String = sources
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
