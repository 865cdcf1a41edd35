//! Snapshots: texts that were reviewed and checked in, and the lines in which they have changed since. The unit
//! tests (`src/database/mod.rs`) and the black-box tests share this file.

use similar::{DiffTag, TextDiff};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Where the pages of statements are.
const PAGES: [&str; 2] = ["src/database", "src/storage"];

/// Fails with the lines that differ when a text is not the one that is checked in.
#[track_caller]
pub fn assert_reviewed(file: &str, text: &str) {
    let change = change(file, text);
    assert!(change.is_none(), "{}", change.unwrap_or_default());
}

/// The lines of a checked-in file that differ from a text, and what to do about them; none when none
/// does. With `UPDATE_SNAPSHOT` in the environment the file becomes the text.
pub fn change(file: &str, text: &str) -> Option<String> {
    let path = in_repository(file);
    if env::var_os("UPDATE_SNAPSHOT").is_some() {
        fs::write(&path, text).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    (reviewed != text).then(|| {
        let tests = match env!("CARGO_CRATE_NAME") {
            "it" => "--test it",
            _ => "--lib",
        };
        format!(
            "{file} has changed. If the change is meant, write the file anew and review the difference:\n\
             UPDATE_SNAPSHOT=1 cargo test --locked {tests} reviewed\n\n{}",
            difference(&reviewed, text)
        )
    })
}

/// The lines that differ, with a few around them, below the name of the statement they are in.
fn difference(reviewed: &str, text: &str) -> String {
    let lines = TextDiff::from_lines(reviewed, text);
    let mut report = String::new();
    for hunk in lines.unified_diff().iter_hunks() {
        let changed = hunk.ops().iter().find(|op| op.tag() != DiffTag::Equal);
        let start = changed.map_or(0, |op| op.new_range().start);
        let above = text.lines().take(start);
        if let Some(name) = above.filter(|line| line.starts_with("-- ")).last() {
            report.extend([name, "\n"]);
        }
        report += &hunk.to_string();
    }
    report
}

/// The name and the text, on one line, of every statement that was reviewed.
pub fn statements() -> Vec<(String, String)> {
    let mut pages = String::new();
    for folder in PAGES {
        read_pages(&in_repository(folder), &mut pages);
    }
    let statements = pages.split("-- ").skip(1).map(|statement| {
        let (name, sql) = statement.split_once('\n').unwrap();
        let sql = sql.trim_end().trim_end_matches(';');
        let words: Vec<_> = sql.split_whitespace().collect();
        (name.to_owned(), words.join(" "))
    });
    statements.collect()
}

fn read_pages(folder: &Path, pages: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_pages(&path, pages);
        } else if path.extension().is_some_and(|kind| kind == "sql") {
            let mut module = ["rs", ""].iter().map(|kind| path.with_extension(kind));
            assert!(
                module.any(|module| module.exists()),
                "remove {}: its module is gone",
                path.display()
            );
            pages.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
