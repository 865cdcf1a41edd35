//! Expand, then contract: a migration only adds, so that the release before it goes on working on
//! the newer schema. What a release stopped using may go in a later one. docs/operations.md has the rule.

use crate::sources;
use std::{fs, path::PathBuf};

/// Words that may take something away from a release that runs, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("drop table", "the former release reads it"),
    ("drop column", "the former release reads it"),
    (
        "drop constraint",
        "the former release may name it in ON CONFLICT or know its errors",
    ),
    (
        "drop index",
        "the former release may need it to be fast, or unique",
    ),
    ("drop default", "the former release leaves the column out"),
    ("drop type", "the former release uses it"),
    ("rename", "the former release knows the old name"),
    ("set not null", "the former release may write NULL"),
    (
        "alter column",
        "the former release reads the column as it was",
    ),
    ("add constraint", "the former release may break it"),
    ("create unique index", "the former release may break it"),
    ("create trigger", "the former release does not expect it"),
    ("truncate", "nothing may be lost"),
    ("delete from", "nothing may be lost"),
];

/// What was looked at and harms nobody: in which file, which words, and why.
const REVIEWED: &[(&str, &str, &str)] = &[
    ("V5", "alter column", "no release is older"),
    ("V5", "set not null", "no release is older"),
    ("V5", "add constraint", "no release is older"),
    (
        "V9",
        "drop constraint",
        "a check that allowed less: the former release keeps to it by itself",
    ),
    (
        "V9",
        "alter column",
        "a default for a column that the same file adds",
    ),
    (
        "V19",
        "drop index",
        "others that begin with the same columns are as fast",
    ),
    (
        "V22",
        "create unique index",
        "what those of V1 refuse, except where a locale let two spellings of one name pass",
    ),
];

/// The files of the migrations with their texts in lower case, without comments.
fn migrations() -> Vec<(String, String)> {
    let files = fs::read_dir(sources::path("migrations"))
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut read: Vec<_> = files.map(read).collect();
    read.sort();
    read
}

fn read(path: PathBuf) -> (String, String) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let version = name.split_once("__").unwrap().0.to_owned();
    let text = fs::read_to_string(&path).unwrap().to_lowercase();
    let code = text
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    let words: Vec<_> = code.flat_map(str::split_whitespace).collect();
    (version, words.join(" "))
}

/// Why the former release does not go on working after this migration: the words, and the reason.
fn harm(text: &str) -> Vec<(&'static str, &'static str)> {
    // Of a table that the same file makes no former release knows.
    let new: Vec<_> = text.split(';').filter_map(made).collect();
    let mut harm = Vec::new();
    for statement in text.split(';').map(str::trim) {
        if changed(statement).is_some_and(|table| new.contains(&table)) {
            continue;
        }
        let harmful = |(words, _): &&(&str, &str)| statement.contains(words);
        harm.extend(FORBIDDEN.iter().filter(harmful));
        for column in statement.split("add column").skip(1) {
            let column = column.split(',').next().unwrap_or_default();
            if column.contains("not null") && !column.contains("default") {
                harm.push(("add column", "the former release leaves it out"));
            }
        }
    }
    harm
}

/// The table that a statement changes or has indexed.
fn changed(statement: &str) -> Option<&str> {
    let altered = statement.strip_prefix("alter table ");
    let indexed = statement
        .starts_with("create")
        .then(|| statement.split_once(" on "));
    let table = altered.or_else(|| Some(indexed??.1))?;
    table.split_whitespace().next()
}

/// The table that a statement makes.
fn made(statement: &str) -> Option<&str> {
    let table = statement.trim().strip_prefix("create table ")?;
    table.split([' ', '(']).next()
}

#[test]
fn every_migration_only_adds_or_was_reviewed() {
    let mut used = Vec::new();
    for (version, text) in migrations() {
        for (words, reason) in harm(&text) {
            let reviewed = REVIEWED
                .iter()
                .find(|(file, what, _)| *file == version && *what == words);
            let exception =
                reviewed.unwrap_or_else(|| panic!("{version}: {words:?}, but {reason}"));
            used.push(exception);
        }
    }
    for exception in REVIEWED {
        assert!(used.contains(&exception), "nothing needs {exception:?}");
    }
}

#[test]
fn the_rules_see_what_harms() {
    for harmful in [
        "alter table users.users drop column bio",
        "alter table users.users rename bio to about",
        "alter table users.users alter column bio type text",
        "alter table users.users add column rank int not null, add column x int",
        "create unique index x on users.users (bio)",
        "create table users.y (id int); drop table users.x",
    ] {
        assert!(!harm(harmful).is_empty(), "{harmful}");
    }
    for harmless in [
        "alter table users.users add column rank int not null default 0, add column x int",
        "create table users.y (id int not null); create unique index y_id on users.y (id)",
        "create index x on users.users (bio)",
    ] {
        assert!(
            harm(harmless).is_empty(),
            "{harmless}: {:?}",
            harm(harmless)
        );
    }
}
