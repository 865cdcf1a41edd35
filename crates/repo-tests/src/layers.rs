//! Dependencies run one way:
//! `main -> app -> web, api, ops -> services -> storage, mail -> database -> domain, error`.

use crate::sources;
use std::{collections::BTreeSet, fs, path::PathBuf};

/// What each layer must not know.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "error",
        "app config crypto domain http services database storage mail web api ops routes cli",
    ),
    (
        "domain",
        "app config crypto http services database storage mail web api ops routes cli",
    ),
    (
        "clock",
        "app config crypto http services database storage mail web api ops routes cli",
    ),
    (
        "caller",
        "app config crypto http services database storage mail web api ops routes cli",
    ),
    (
        "trace",
        "app config crypto http services database storage mail web api ops routes cli",
    ),
    (
        "crypto",
        "app http services database storage mail web api ops routes cli",
    ),
    ("config", "app http services web api ops routes cli"),
    (
        "database",
        "app config crypto http services storage mail web api ops routes cli",
    ),
    (
        "storage",
        "app crypto http services mail web api ops routes cli",
    ),
    ("mail", "http services web api ops routes cli"),
    ("services", "http mail web api ops routes cli"),
    ("http", "database storage mail web api ops routes cli"),
    ("web", "database storage api routes cli"),
    ("api", "database storage web routes cli"),
];

/// What each layer must not even name.
const UNKNOWN: &[(&str, &str)] = &[
    ("domain", "poem:: tokio_postgres askama StatusCode"),
    ("database", "poem:: askama StatusCode"),
    ("storage", "poem:: askama StatusCode tokio_postgres::Client"),
    ("services", "poem:: askama sea_query"),
    ("mail", "poem:: StatusCode"),
    ("web", "sea_query tokio_postgres"),
    ("api", "sea_query tokio_postgres"),
];

/// The files of a layer: `src/layer.rs` or everything below `src/layer/`.
fn files_of(layer: &str) -> Vec<(PathBuf, String)> {
    let src = sources::path("src");
    let (folder, file) = (src.join(layer), src.join(format!("{layer}.rs")));
    let paths = if folder.is_dir() {
        sources::below(&folder)
    } else {
        vec![file]
    };
    paths
        .into_iter()
        .map(|path| (path.clone(), sources::code(&path)))
        .collect()
}

/// The modules of the crate that a source names after `crate::`.
fn named(source: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (at, _) in source.match_indices("crate::") {
        let rest = &source[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => modules.extend(members(group)),
            None => modules.extend([word(rest)]),
        }
    }
    modules
        .into_iter()
        .filter(|module| !module.is_empty())
        .map(home)
        .collect()
}

/// The first words of the members of a `{…}` group.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut found = Vec::new();
    let mut member = String::new();
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => found.push(word(member.drain(..).as_str())),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                member.push(c);
            }
        }
    }
    found.push(word(&member));
    found
}

fn word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// Where the names at the crate's root come from.
fn home(name: String) -> String {
    match name.as_str() {
        "App" => "app".to_owned(),
        "Config" => "config".to_owned(),
        "Error" | "Result" => "error".to_owned(),
        _ => name,
    }
}

#[test]
fn no_layer_knows_what_is_above_it() {
    for (layer, forbidden) in FORBIDDEN {
        for (path, source) in files_of(layer) {
            let names = named(&source);
            let wrong: Vec<_> = forbidden
                .split(' ')
                .filter(|name| names.contains(*name))
                .collect();
            assert!(wrong.is_empty(), "{} knows {wrong:?}", path.display());
        }
    }
}

#[test]
fn frameworks_stay_in_their_layers() {
    for (layer, unknown) in UNKNOWN {
        for (path, source) in files_of(layer) {
            let wrong: Vec<_> = unknown
                .split(' ')
                .filter(|name| source.contains(name))
                .collect();
            assert!(wrong.is_empty(), "{} names {wrong:?}", path.display());
        }
    }
}

/// The tables that the migrations make.
fn tables() -> BTreeSet<String> {
    let files = fs::read_dir(sources::path("migrations")).unwrap();
    let text: String = files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let text = text.to_lowercase();
    text.split("create table users.")
        .skip(1)
        .map(word)
        .collect()
}

#[test]
fn the_database_as_a_machine_knows_no_table() {
    let tables = tables();
    assert!(tables.contains("users") && tables.contains("follows"));
    for (path, source) in files_of("database") {
        let names = |table: &&String| {
            // The schema has the name of a table.
            let quoted = *table != "users" && source.contains(&format!("\"{table}\""));
            quoted || source.contains(&format!("users.{table}"))
        };
        let wrong: Vec<_> = tables.iter().filter(names).collect();
        assert!(
            wrong.is_empty(),
            "{} names {wrong:?}: that belongs to src/storage",
            path.display()
        );
    }
}

#[test]
fn uses_are_read_as_the_compiler_reads_them() {
    let source = "use crate::{\n    App, Error,\n    domain::{Email, Text},\n    storage::{self, users},\n};\nlet x = crate::http::errors();";
    let expected = ["app", "domain", "error", "http", "storage"].map(str::to_owned);
    assert_eq!(named(source), BTreeSet::from(expected));
}
