//! No circle of imports between files: each can be read after those that it imports.
//!
//! A `mod.rs` or `lib.rs` puts its folder together: what it takes from its own files, or re-exports, is no import.

use crate::sources;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Files of a crate by the paths of their modules: `mail::file` is `["mail", "file"]`, the root `[]`.
type Modules = BTreeMap<Vec<String>, PathBuf>;
/// What each file imports.
type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

fn modules(src: &Path) -> Modules {
    let with_path = |file: PathBuf| {
        let inside = file.strip_prefix(src).unwrap().with_extension("");
        let mut path: Vec<_> = inside
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if ["mod", "lib"].contains(&path.last().unwrap().as_str()) {
            path.pop();
        }
        (path, file)
    };
    sources::below(src).into_iter().map(with_path).collect()
}

/// The source without its comments, its tests at the end, and what it only re-exports.
fn code(file: &Path) -> String {
    let source = sources::code(file);
    let tests = source.match_indices("\n#[cfg(test)]").map(|(at, _)| at);
    // `mod tests { ... }`, not `mod tests;`.
    let mut tests = tests.filter(|at| source[*at..].find('{') < source[*at..].find(';'));
    let end = tests.next().unwrap_or(source.len());
    let mut parts = source[..end].split("\npub use ");
    let mut code = parts.next().unwrap_or_default().to_owned();
    code.extend(parts.filter_map(|part| Some(part.split_once(';')?.1)));
    code
}

/// Reads `a::b::{c, d::e}` at the beginning of a text: the paths in it, and what is left of the text.
fn read<'a>(mut text: &'a str, mut path: Vec<&'a str>) -> (Vec<Vec<&'a str>>, &'a str) {
    loop {
        if let Some(group) = text.strip_prefix('{') {
            return read_group(group, &path);
        }
        let end = text.find(|c: char| !is_of_word(c));
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        path.push(word);
        match rest.strip_prefix("::") {
            Some(rest) => text = rest,
            None => return (vec![path], rest),
        }
    }
}

/// Reads `c, d::e}` after a path.
fn read_group<'a>(mut text: &'a str, path: &[&'a str]) -> (Vec<Vec<&'a str>>, &'a str) {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        if let Some(rest) = text.strip_prefix('}') {
            return (found, rest);
        }
        let (paths, rest) = read(text, path.to_vec());
        found.extend(paths);
        // Past `as name`.
        text = &rest[rest.find([',', '}']).unwrap_or(rest.len())..];
        if text.is_empty() {
            return (found, text);
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every path in a source that begins with `crate`, `super` or `self`.
fn named(source: &str) -> Vec<Vec<&str>> {
    let starts = ["crate::", "super::", "self::"].into_iter();
    let starts = starts.flat_map(|start| source.match_indices(start).map(|(at, _)| at));
    let starts = starts.filter(|at| {
        let goes_on = |c: char| is_of_word(c) || c == ':' || c == '$';
        !source[..*at].ends_with(goes_on)
    });
    starts
        .flat_map(|at| read(&source[at..], Vec::new()).0)
        .collect()
}

/// The file that a path leads to from a module.
fn file<'a>(path: &[&str], module: &[String], modules: &'a Modules) -> Option<&'a PathBuf> {
    let mut absolute: Vec<String> = match path[0] {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    for word in path {
        match *word {
            "crate" | "self" => {}
            "super" => drop(absolute.pop()),
            word => absolute.push(word.to_owned()),
        }
    }
    (0..=absolute.len())
        .rev()
        .find_map(|end| modules.get(&absolute[..end]))
}

fn imports(src: &Path) -> Imports {
    let modules = modules(src);
    let of_file = |(module, path): (&Vec<String>, &PathBuf)| {
        let source = code(path);
        let files = named(&source)
            .into_iter()
            .filter_map(|named| file(&named, module, &modules));
        (
            path.clone(),
            files.filter(|file| *file != path).cloned().collect(),
        )
    };
    modules.iter().map(of_file).collect()
}

/// Every file that is reached from here, by one import or several.
fn reached(from: &Path, imports: &Imports) -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<_> = imports[from].iter().collect();
    while let Some(file) = waiting.pop() {
        if reached.insert(file.clone()) {
            waiting.extend(&imports[file]);
        }
    }
    reached
}

/// Every file that imports itself by way of others, with those of its imports that lead back to it.
fn circles(src: &Path) -> Imports {
    let imports = imports(src);
    let mut circles = Imports::new();
    for (file, imported) in &imports {
        let leads_back = |import: &&PathBuf| reached(import, &imports).contains(file);
        let back: BTreeSet<_> = imported.iter().filter(leads_back).cloned().collect();
        if !back.is_empty() {
            circles.insert(file.clone(), back);
        }
    }
    circles
}

#[test]
fn no_file_imports_what_imports_it() {
    let crates = fs::read_dir(sources::path("crates")).unwrap();
    let crates = crates.map(|entry| entry.unwrap().path().join("src"));
    for src in crates.chain([sources::path("src")]) {
        let circles = circles(&src);
        assert!(
            circles.is_empty(),
            "give what these share a file of its own: {circles:#?}"
        );
    }
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let source = "use crate::{\n    a::{self, B as C},\n    d,\n};\nlet x = super::super::f();";
    let expected = [
        vec!["crate", "a", "self"],
        vec!["crate", "a", "B"],
        vec!["crate", "d"],
        vec!["super", "super", "f"],
    ];
    assert_eq!(named(source), expected);
}
