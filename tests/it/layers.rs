//! Dependencies run one way:
//! `main -> app -> web, api, ops -> services -> storage, mail -> database -> domain, error`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

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

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
    found
}

/// The files of a layer: `src/layer.rs` or everything below `src/layer/`.
fn files_of(layer: &str) -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (folder, file) = (src.join(layer), src.join(format!("{layer}.rs")));
    let paths = if folder.is_dir() {
        sources(&folder)
    } else {
        vec![file]
    };
    paths
        .into_iter()
        .map(|path| (path.clone(), code(&fs::read_to_string(path).unwrap())))
        .collect()
}

/// The source without its comments.
fn code(source: &str) -> String {
    let lines = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
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

#[test]
fn uses_are_read_as_the_compiler_reads_them() {
    let source = "use crate::{\n    App, Error,\n    domain::{Email, Text},\n    storage::{self, users},\n};\nlet x = crate::http::errors();";
    let expected = ["app", "domain", "error", "http", "storage"].map(str::to_owned);
    assert_eq!(named(source), BTreeSet::from(expected));
}
