//! `bin/bench`: that its scripts can be read, and that docs/performance.md names every row.

use crate::sources;
use std::{fs, process::Command};

#[test]
fn its_scripts_can_be_read() {
    let syntax = "import ast, glob, sys\n\
        for path in glob.glob(sys.argv[1] + '/*.py'): ast.parse(open(path).read(), path)";
    let mut python = Command::new("python3");
    let python = python
        .args(["-c", syntax])
        .arg(sources::path("bin/lib/bench"))
        .status();
    assert!(python.expect("python3 starts").success());
    let bash = Command::new("bash")
        .arg("-n")
        .arg(sources::path("bin/bench"))
        .status();
    assert!(bash.expect("bash starts").success());
}

#[test]
fn every_row_is_named_in_the_document() {
    let rows = fs::read_to_string(sources::path("bin/lib/bench/paths.py")).unwrap();
    let document = fs::read_to_string(sources::path("docs/performance.md")).unwrap();
    let names: Vec<_> = rows
        .split("Row(\"")
        .skip(1)
        .filter_map(|row| row.split('"').next())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let known = [format!(" {name},"), format!(" {name};")];
        assert!(known.iter().any(|known| document.contains(known)), "{name}");
    }
}
